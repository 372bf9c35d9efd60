"""The other side: a storage SCP that files are sent to."""

import socket
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from typing_extensions import override

from service.delivery.answers import check_answer
from service.delivery.dicom_file import FileMeta, file_meta, write_uncompressed
from service.errors import NodeError, RefusedError, UnavailableError

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
MOST_CONTEXTS = 128
"""PS3.8 Table 9-18: presentation context IDs are the odd numbers from 1 to 255."""
SLOWEST = 125_000
"""Bytes a second that a peer must take at least, or it counts as gone."""

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

    @contextmanager
    def linked(self, offers: Collection[Offer]) -> Iterator["Link"]:
        """Open an association for what is offered, for as long as the block runs.

        Raises:
            RefusedError: if the peer takes nothing of what we offer.
            UnavailableError: if it cannot be reached, rejects us or has no room now.
        """
        association = self._associate(contexts_for(offers))
        try:
            yield Link(association, self.patience.dimse_s)
        finally:
            if association.is_established:
                association.release()

    def echo(self) -> None:
        """Ask whether the peer is there: C-ECHO, PS3.4 Annex A.

        Raises:
            UnavailableError: if it cannot be reached, rejects us or does not answer.
        """
        association = self._associate([build_context(Verification)])
        answer = association.send_c_echo()
        if association.is_established:
            association.release()
        if "Status" not in answer or answer.Status != 0:
            raise UnavailableError(f"{self.address} does not answer C-ECHO")

    def _associate(self, contexts: Sequence[PresentationContext]) -> Association:
        _config.LOG_HANDLER_LEVEL = "none"  # its log formats every PDU
        _config.STORE_SEND_CHUNKED_DATASET = True  # files go out as they are, piece by piece
        ae = AE(ae_title=self.calling_ae_title)
        ae.connection_timeout = self.patience.connect_s
        ae.acse_timeout = self.patience.acse_s
        ae.dimse_timeout = self.patience.dimse_s
        try:
            association = ae.associate(
                self.address.host,
                self.address.port,
                contexts=list(contexts),
                ae_title=self.address.ae_title,
                evt_handlers=[(evt.EVT_CONN_OPEN, _send_at_once)],
            )
        except OSError as error:  # its name cannot be resolved
            raise UnavailableError(f"{self.address} cannot be reached") from error
        if not association.is_established:
            raise self._not_established(association)
        return association

    def _not_established(self, association: Association) -> NodeError:
        answer = association.acceptor.primitive
        if answer is None or answer.result is None:
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

    def send(self, path: Path) -> None:
        """Send the DICOM file at `path`, as it is or else uncompressed.

        Raises:
            RefusedError: if the peer will not have it, or it cannot be read.
            UnavailableError: if the peer is gone or has no room now.
        """
        meta = file_meta(path)
        syntax = self._agreed(meta)
        if syntax == meta.transfer_syntax_uid:
            self._store(path, meta)
            return
        with tempfile.TemporaryDirectory(prefix="senoscope-") as folder:
            plain = Path(folder) / path.name
            write_uncompressed(path, plain, UID(syntax))
            self._store(plain, meta)

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

    def _store(self, path: Path, meta: FileMeta) -> None:
        if not self.alive:
            raise UnavailableError("the peer ended the association")
        self._association.dimse_timeout = self._dimse_s + path.stat().st_size / SLOWEST
        self._message = self._message % 0xFFFF + 1
        answer = self._association.send_c_store(path, msg_id=self._message)
        if "Status" not in answer:
            raise UnavailableError("the peer did not answer, or ended the association")
        check_answer(int(answer.Status), meta.sop_instance_uid)


def contexts_for(offers: Collection[Offer]) -> list[PresentationContext]:
    """Return what to propose: each SOP class as it is stored, and apart from that uncompressed.

    They are contexts of their own, so that it is we who choose among what the peer takes.
    """
    stored = [
        build_context(UID(sop_class), UID(syntax)) for sop_class, syntax in sorted(set(offers))
    ]
    classes = sorted({sop_class for sop_class, _ in offers})
    return stored + [build_context(UID(sop_class), list(UNCOMPRESSED)) for sop_class in classes]


def _name(uid: UID | None) -> str:
    return uid.name if uid is not None else "nothing"


def _send_at_once(event: Event) -> None:
    """Do not hold back the last part of a message until the one before is acknowledged."""
    connected: Any = event.assoc.dul.socket
    connected.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
