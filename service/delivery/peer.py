"""The other side: a storage SCP that files are sent to."""

import socket
import ssl
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from typing_extensions import override

from service.delivery.answers import check_answer
from service.delivery.dicom_file import FileMeta, file_meta, write_uncompressed
from service.errors import BadConfigurationError, NodeError, RefusedError, UnavailableError
from service.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
MOST_CONTEXTS = 128
"""PS3.8 Table 9-18: presentation context IDs are the odd numbers from 1 to 255."""
SLOWEST = 125_000
"""Bytes a second that a peer must take at least, or it counts as gone."""
TLS_FAULT_S = 5.0
TLS_ALERT_S = 1.0
"""For looking why there is no TLS connection, in seconds."""

Offer = tuple[str, str]
"""SOP Class UID and Transfer Syntax UID of something to be sent."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a peer listens."""

    ae_title: str
    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a peer, in seconds."""

    connect_s: float = 10.0
    acse_s: float = 20.0
    """For an association to be opened or released."""
    dimse_s: float = 60.0
    """For the answer to a message, beyond the time that its bytes take."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A storage SCP, and who we are to it."""

    address: Address
    calling_ae_title: str
    patience: Patience = Patience()
    tls: Callable[[], ssl.SSLContext] | None = None
    """Makes what TLS is spoken with, of the files as they are now; None: plain TCP."""

    @override
    def __str__(self) -> str:
        return f"{self.address} with TLS" if self.tls is not None else str(self.address)

    @contextmanager
    def linked(self, offers: Collection[Offer]) -> Iterator["Link"]:
        """Open an association for what is offered, for as long as the block runs.

        Raises:
            RefusedError: if the peer takes nothing of what we offer.
            UnavailableError: if it cannot be reached, rejects us or has no room now.
        """
        with self.associated(contexts_for(offers)) as association:
            yield Link(association, self.patience.dimse_s)

    def echo(self) -> None:
        """Ask whether the peer is there: C-ECHO, PS3.4 Annex A.

        Raises:
            UnavailableError: if it cannot be reached, rejects us or does not answer.
        """
        with self.associated([build_context(Verification)]) as association:
            answer = association.send_c_echo()
        if "Status" not in answer or answer.Status != 0:
            raise UnavailableError(f"{self.address} does not answer C-ECHO")

    @contextmanager
    def associated(
        self, contexts: Sequence[PresentationContext], handlers: Sequence[Any] = ()
    ) -> Iterator[Association]:
        """Open an association for `contexts`, for as long as the block runs.

        Raises:
            RefusedError: if the peer takes none of them.
            UnavailableError: if it cannot be reached, rejects us or has no room now.
        """
        association = self._associate(contexts, handlers)
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def _associate(
        self, contexts: Sequence[PresentationContext], handlers: Sequence[Any]
    ) -> Association:
        _config.LOG_HANDLER_LEVEL = "none"  # its log formats every PDU
        _config.STORE_SEND_CHUNKED_DATASET = True  # files go out as they are, piece by piece
        ae = AE(ae_title=self.calling_ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.connection_timeout = self.patience.connect_s
        ae.acse_timeout = self.patience.acse_s
        ae.dimse_timeout = self.patience.dimse_s
        try:
            association = ae.associate(
                self.address.host,
                self.address.port,
                contexts=list(contexts),
                ae_title=self.address.ae_title,
                evt_handlers=[(evt.EVT_CONN_OPEN, _send_at_once), *handlers],
                ext_neg=roles_of(contexts),
                tls_args=(_closing(self.tls()), self.address.host) if self.tls else None,
            )
        except BadConfigurationError as error:  # it ends when somebody mends the files
            raise UnavailableError(f"no TLS to {self.address}: {error}") from error
        except OSError as error:  # its name cannot be resolved
            raise UnavailableError(f"{self.address} cannot be reached") from error
        if not association.is_established:
            raise self._not_established(association)
        return association

    def _not_established(self, association: Association) -> NodeError:
        answer = association.acceptor.primitive
        if answer is None or answer.result is None:
            if self.tls is not None and (why := tls_fault(self.tls(), self.address)):
                return UnavailableError(f"no TLS to {self.address}: {why}")
            return UnavailableError(f"{self.address} cannot be reached, or does not answer")
        if association.is_rejected:
            told = f"{self.address} rejects the association ({answer.result_str.lower()}): "
            told += answer.reason_str.lower()
            return UnavailableError(told)  # even a permanent one ends when somebody there mends it
        if association.rejected_contexts:
            names = {_name(context.abstract_syntax) for context in association.rejected_contexts}
            return RefusedError(f"{self.address} takes none of {', '.join(sorted(names))}")
        return UnavailableError(f"{self.address} aborted the association")


class Link:
    """An open association."""

    def __init__(self, association: Association, dimse_s: float) -> None:
        self._association = association
        self._dimse_s = dimse_s
        self._message = 0

    @property
    def alive(self) -> bool:
        """Whether more can be sent."""
        return bool(self._association.is_established)

    def send(self, path: Path) -> str:
        """Send the DICOM file at `path`, as it is or else uncompressed; return what is remarked.

        Raises:
            RefusedError: if the peer will not have it, or it cannot be read.
            UnavailableError: if the peer is gone or has no room now.
        """
        meta = file_meta(path)
        syntax = self._agreed(meta)
        if syntax == meta.transfer_syntax_uid:
            return self._store(path)
        with tempfile.TemporaryDirectory(prefix="senoscope-") as folder:
            plain = Path(folder) / path.name
            write_uncompressed(path, plain, UID(syntax))
            return self._store(plain)

    def _agreed(self, meta: FileMeta) -> str:
        """Return the transfer syntax to send in: the file's own where the peer takes it."""
        accepted = {
            str(context.transfer_syntax[0])
            for context in self._association.accepted_contexts
            if context.abstract_syntax == meta.sop_class_uid
        }
        for syntax in (meta.transfer_syntax_uid, *UNCOMPRESSED):
            if syntax in accepted:
                return str(syntax)
        name = _name(UID(meta.sop_class_uid))
        raise RefusedError(
            f"the peer takes {name} neither in {_name(UID(meta.transfer_syntax_uid))}"
            " nor uncompressed"
        )

    def _store(self, path: Path) -> str:
        if not self.alive:
            raise UnavailableError("the peer ended the association")
        self._association.dimse_timeout = self._dimse_s + path.stat().st_size / SLOWEST
        self._message = self._message % 0xFFFF + 1
        answer = self._association.send_c_store(path, msg_id=self._message)
        if "Status" not in answer:
            raise UnavailableError("the peer did not answer, or ended the association")
        return check_answer(int(answer.Status))


def contexts_for(offers: Collection[Offer]) -> list[PresentationContext]:
    """Return what to propose: each SOP class as it is stored, and apart from that uncompressed.

    They are contexts of their own, so that it is we who choose among what the peer takes.
    """
    stored = [
        build_context(UID(sop_class), UID(syntax)) for sop_class, syntax in sorted(set(offers))
    ]
    classes = sorted({sop_class for sop_class, _ in offers})
    return stored + [build_context(UID(sop_class), list(UNCOMPRESSED)) for sop_class in classes]


def roles_of(contexts: Sequence[PresentationContext]) -> list[Any]:
    """Return what is asked for where we are not just the SCU: PS3.7 D.3.3.4."""
    return [
        build_role(
            cast("UID", one.abstract_syntax),
            scu_role=bool(one.scu_role),
            scp_role=bool(one.scp_role),
        )
        for one in contexts
        if one.scp_role is not None
    ]


class _ClosedWhenShut(ssl.SSLSocket):
    """Is closed where it cannot be shut down: pynetdicom forgets it then."""

    @override
    def shutdown(self, how: int) -> None:
        try:
            super().shutdown(how)
        except OSError:
            self.close()
            raise


def _closing(context: ssl.SSLContext) -> ssl.SSLContext:
    context.sslsocket_class = _ClosedWhenShut
    return context


def tls_fault(context: ssl.SSLContext, address: Address) -> str:
    """Return why no TLS connection to `address` can be made; empty if there is one now."""
    try:
        with (
            socket.create_connection((address.host, address.port), TLS_FAULT_S) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secured,
        ):
            secured.settimeout(TLS_ALERT_S)
            secured.recv(1)  # TLS 1.3: only now does it say that it does not take our certificate
            return ""
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not good: {error.verify_message}"
    except ssl.SSLError as error:
        return f"the handshake fails: {error.reason or 'it speaks no TLS'}"
    except OSError:
        return ""


def _name(uid: UID | None) -> str:
    return uid.name if uid is not None else "nothing"


def _send_at_once(event: Event) -> None:
    """Do not hold back the last part of a message until the one before is acknowledged."""
    connected: Any = event.assoc.dul.socket
    connected.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
