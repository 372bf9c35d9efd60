"""The storage SCP: PS3.4 Annex B, and Verification: PS3.4 Annex A."""

import logging
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    Verification,
)

from service.errors import UnavailableError
from service.listener.admission import AE_TITLE, APPLICATION_CONTEXT, Admission, Asked
from service.listener.fast import handler_of
from service.listener.gate import Gate, Turns, host_of, names_of
from service.listener.promises import Promises
from service.listener.refused import Ground, Refused
from service.listener.store import Store
from service.listener.streaming import Limits, StreamingDimse, StreamingHandler, StreamingServer
from service.listener.syntaxes import ACCEPTED, EVERYONES
from service.tracing import past
from service.trail import Trail, about

if TYPE_CHECKING:
    from pynetdicom.pdu_primitives import A_ASSOCIATE

logger = logging.getLogger(__name__)

IDLE_S = 2.0
"""Silence after which a stopping node waits for an association no more."""
NOT_OPENED = 2
"""Connections without an association that are borne for each association that may be open."""
TO_BE_TOLD = 256
"""Connections beyond those that are borne for as long as it takes to tell them to come back."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the node listens, and how long it waits."""

    host: str
    port: int
    """0 takes a free one."""
    max_pdu: int = 131072
    """Bytes of the longest PDU that is taken."""
    acse_s: float = 15.0
    """Longest wait for an association to be opened or released."""
    dimse_s: float = 60.0
    """Longest wait for the rest of a message."""
    network_s: float = 60.0
    """Longest silence on an association."""
    tls: Callable[[], ssl.SSLContext] | None = None
    """What new connections speak; None: plain DICOM."""
    shared: bool = False
    """Whether other processes listen there too."""


class Listener:
    """Takes what modalities and PACS send.

    Raises:
        UnavailableError: if it cannot listen at that address.
    """

    def __init__(
        self,
        address: Address,
        admission: Admission,
        store: Store,
        promises: Promises | None = None,
        handler: type[StreamingHandler] | None = None,
    ) -> None:
        """Serve connections by `handler`; by default by what suits the pynetdicom that is here."""
        self._address = address
        self._admission = admission
        self._store = store
        self._promises = promises
        self._open: dict[Association, Asked] = {}
        self._refused = Refused(self._write_down, store.taking.counts)
        self._lock = threading.Lock()
        self._server = self._make_server(handler or handler_of())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.25,), name="listener", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens, once made."""
        return int(self._server.server_address[1])

    @property
    def is_alive(self) -> bool:
        """Whether it still accepts connections."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Accept associations from now on."""
        self._thread.start()
        logger.info("listening on %s:%d", self._address.host, self.port)

    def stop(self, drain_s: float) -> None:
        """Accept no more, let what is under way finish for `drain_s` seconds, abort the rest.

        An association on which nothing happens is not waited for.
        """
        socketserver.BaseServer.shutdown(self._server)
        self._server.server_close()
        deadline = time.monotonic() + drain_s
        while (left := self._server.active_associations) and time.monotonic() < deadline:
            for association in left:
                if cast("StreamingDimse", association.dimse).idle_s() > IDLE_S:
                    association.abort()
            time.sleep(0.05)
        for association in left:
            logger.warning("aborted an association that did not end within %g s", drain_s)
            association.abort()

    def _make_server(self, handler: type[StreamingHandler]) -> StreamingServer:
        _config.LOG_HANDLER_LEVEL = "none"  # its log formats every PDU; ours names what matters
        ae = AE(ae_title=self._admission.ae_title)
        ae.maximum_pdu_size = self._address.max_pdu
        connections = NOT_OPENED * self._admission.most.node + TO_BE_TOLD
        ae.maximum_associations = connections
        ae.acse_timeout = self._address.acse_s
        ae.dimse_timeout = self._address.dimse_s
        ae.network_timeout = self._address.network_s
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(cast("UID", context.abstract_syntax), list(ACCEPTED))
        ae.add_supported_context(Verification, list(EVERYONES))
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_ACCEPTED, self._on_accepted),
            (evt.EVT_PDU_SENT, self._on_answered),
            (evt.EVT_C_STORE, self._store.on_store),
            (evt.EVT_RELEASED, self._on_ended),
            (evt.EVT_ABORTED, self._on_ended),
            (evt.EVT_CONN_CLOSE, self._on_ended),
        ]
        if self._promises is not None:
            roles = {"scu_role": True, "scp_role": True}  # reports on our requests come in too
            ae.add_supported_context(StorageCommitmentPushModel, list(EVERYONES), **roles)
            handlers.append((evt.EVT_N_ACTION, self._promises.on_action))
            handlers.append((evt.EVT_N_EVENT_REPORT, self._promises.on_report))
        limits = Limits(self._address.network_s)
        gate = Gate(
            self._refused,
            Turns(connections, NOT_OPENED * self._admission.most.host),
            self._admission.networks,
            self._address.tls,
            self._address.acse_s,
        )
        try:
            made = ae.make_server(
                (self._address.host, self._address.port),
                evt_handlers=handlers,
                server_class=StreamingServer,
                request_handler=handler,
                intake=self._admission.intake,
                limits=limits,
                gate=gate,
                store=self._store,
                shared=self._address.shared,
            )
        except OSError as error:
            where = f"{self._address.host}:{self._address.port}"
            raise UnavailableError(
                f"cannot listen on {where}: {error.strerror}; "
                "choose another dicom.port in senoscope.toml or SENOSCOPE_DICOM__PORT"
            ) from error
        return cast("StreamingServer", made)

    def _on_requested(self, event: Event) -> None:
        association, asked = event.assoc, asked_of(event.assoc)
        trail = cast("StreamingDimse", association.dimse).trail
        with self._lock:  # a place is taken before it is accepted: others ask at the same time
            self._open = {one: who for one, who in self._open.items() if one.is_alive()}
            rejection = self._admission.rejection(asked, self._open.values())
            if rejection is None:
                self._open[association] = asked
                with trail.followed():
                    logger.info("association accepted: %s from %s", asked.calling, asked.host)
                return
        reason = f"association rejected: {rejection.reason}"
        self._refused.note(asked.host, rejection.ground, reason, printable(asked.calling))
        association.acse.send_reject(rejection.result, rejection.source, rejection.diagnostic)
        association.kill()

    def _on_answered(self, event: Event) -> None:
        """Write down who was answered before anybody could ask the rules."""
        host = host_of(event.assoc)
        if isinstance(event.pdu, A_ASSOCIATE_RJ) and event.assoc.requestor.primitive is None:
            reason = "association rejected: protocol version not supported"  # PS3.8 Table 9-21
            self._refused.note(host, Ground.UNREADABLE, reason)
        if isinstance(event.pdu, A_ABORT_RQ) and event.assoc.requestor.primitive is None:
            reason = "aborted: what came is no A-ASSOCIATE-RQ that can be read"
            self._refused.note(host, Ground.UNREADABLE, reason)

    def _on_accepted(self, event: Event) -> None:
        association = event.assoc
        association.unbind(evt.EVT_PDU_SENT, self._on_answered)
        with self._lock:
            self._store.taking.counts.associations(len(self._open))
        refused = refused_contexts(association)
        if refused:
            calling = str(association.requestor.ae_title).strip()
            self._store.taking.note(calling, "", 0, f"not accepted: {'; '.join(refused)}")
        if not association.accepted_contexts:
            self._store.taking.counts.association_refused(Ground.NO_CONTEXT)

    def _write_down(self, calling: str, reason: str) -> None:
        self._store.taking.note(calling, "", 0, reason)

    def _on_ended(self, event: Event) -> None:
        association = event.assoc
        trail = cast("StreamingDimse", association.dimse).trail
        for study, count in trail.ended().items():
            with trail.followed(), about(study):
                logger.info("study %s: %d objects came by this association", study, count)
            _trace(trail, study, count)
        with self._lock:
            self._open.pop(association, None)
            self._store.taking.counts.associations(len(self._open))
        for part in cast("StreamingDimse", association.dimse).unfinished():
            with part:
                reason = str(part.error or "the association ended before the data set was whole")
                self._store.taking.refuse(
                    str(association.requestor.ae_title).strip(), part, 0, reason
                )


def _trace(trail: Trail, study: str, count: int) -> None:
    """Make the spans of an association that ended, in the trace of a study that came by it."""
    whole = trail.began_ns, time.time_ns()
    past("association", study, whole, association=trail.name, objects=count)
    past("receive", study, trail.times(study), association=trail.name, objects=count)


def asked_of(association: Association) -> Asked:
    """Return what a peer asks for, and who it is."""
    request = cast("A_ASSOCIATE", association.requestor.primitive)
    connection = association.dul.socket
    return Asked(
        called=str(request.called_ae_title),
        calling=str(request.calling_ae_title).strip(" "),
        host=host_of(association),
        context_name=str(request.application_context_name or APPLICATION_CONTEXT),
        names=names_of(connection.socket) if connection is not None else None,
    )


def printable(calling: str) -> str:
    """Return an AE title as it may be written into a log: what is none is not repeated."""
    return calling if AE_TITLE.fullmatch(calling) else "?"


def refused_contexts(association: Association) -> list[str]:
    """Return each SOP class that was proposed and can now not be sent at all, with its syntaxes."""
    accepted = {context.abstract_syntax for context in association.accepted_contexts}
    request = cast("A_ASSOCIATE", association.requestor.primitive)
    refused: dict[str, list[str]] = {}
    for context in request.presentation_context_definition_list:
        if context.abstract_syntax not in accepted:
            names = refused.setdefault(_name(context.abstract_syntax), [])
            names += [_name(syntax) for syntax in context.transfer_syntax]
    return [f"{name} in {', '.join(dict.fromkeys(refused[name]))}" for name in refused]


def _name(uid: UID | None) -> str:
    return "nothing" if uid is None else f"{uid.name} ({uid})" if uid.name != uid else str(uid)
