"""Data sets that go from the network into a file as they come, by small subclasses of pynetdicom.

pynetdicom can do this for a whole process (`_config.STORE_RECV_CHUNKED_DATASET`), into the system's
temporary folder. Here each listener does it into its own spool, counts and digests the bytes on the
way, and survives a full disk. Its association threads call this module; nothing else of the package
reaches into pynetdicom. Tested against the pinned version.
"""

import logging
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydicom import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import (
    AssociationSocket,
    RequestHandler,
    ThreadedAssociationServer,
)
from typing_extensions import override

from service.intake.part import Announced, Intake, Part
from service.ledger.reading import UNREADABLE
from service.listener.gate import Gate, host_of, plain
from service.trail import Trail

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import DimsePrimitiveType

    from service.listener.store import Store

logger = logging.getLogger(__name__)

LONGEST_NEGOTIATION = 1 << 20
"""Bytes of the longest PDU that is taken before there is an association."""


def part_of(event: Event) -> Part | None:
    """Return the data set of a C-STORE request, whole by now; None if it has none."""
    part = cast("Part | None", cast("Any", event.request)._dataset_file)  # noqa: SLF001
    if part is not None:
        part.taken = True
    return part


class StreamingDimse(DIMSEServiceProvider):
    """Hands each fragment of a data set to a `Part` instead of collecting them in memory."""

    def __init__(self, assoc: Association, intake: Intake) -> None:
        super().__init__(assoc)
        self.parts: list[Part] = []
        """Those that came on this association and are still open."""
        self.streams_into: Part | None = None
        """Where the data set goes that comes now."""
        self.follows: tuple[DimsePrimitiveType, int] | None = None
        """A message, and its context, to be sent behind the next one."""
        self.trail = Trail()
        self._intake = intake
        self._heard = time.monotonic()

    @override
    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take one P-DATA: its values one by one, for the command decides where the rest goes."""
        self.heard()
        for value in primitive.presentation_data_value_list:
            single = P_DATA()
            single.presentation_data_value_list.append(value)
            try:
                super().receive_primitive(single)
            except UNREADABLE:
                logger.warning("a peer sent a command that cannot be read")
                self.dul.event_queue.put("Evt19")  # invalid PDU, as pynetdicom does for its like
                return
            message = self.message
            if message is None:
                self.streams_into = None
            elif isinstance(message, C_STORE_RQ) and self.streams_into is None:
                part = self.stream(self._announced(message))
                untyped = cast("Any", message)
                untyped._data_set_file = part  # noqa: SLF001 - as pynetdicom does with its own
                untyped._data_set_path = part.path  # noqa: SLF001

    @override
    def send_msg(self, primitive: "DimsePrimitiveType", context_id: int) -> None:
        """Send `primitive`, and right behind it what was put by."""
        super().send_msg(primitive, context_id)
        following, self.follows = self.follows, None
        if following is not None:
            super().send_msg(*following)

    def heard(self) -> None:
        """Take note that something comes, or was under way until now."""
        self._heard = time.monotonic()

    def idle_s(self) -> float:
        """Return for how many seconds nothing came and nothing was under way."""
        busy = any(not part.ended for part in self.parts) or not self.msg_queue.empty()
        return 0.0 if busy else time.monotonic() - self._heard

    def unfinished(self) -> list[Part]:
        """Return and forget the parts that no C-STORE handler took."""
        left = [part for part in self.parts if not part.taken]
        self.parts.clear()
        return left

    def stream(self, announced: Announced) -> Part:
        """Let the data set that comes now go into a file, and return that."""
        self.heard()
        self.parts = [part for part in self.parts if not part.taken]
        part = Part(announced, self._intake)
        self.parts.append(part)
        self.streams_into = part
        return part

    def _announced(self, message: C_STORE_RQ) -> Announced:
        context = self.assoc._accepted_cx.get(cast("int", message.context_id))  # noqa: SLF001
        return Announced(
            _text(message.command_set, "AffectedSOPClassUID"),
            _text(message.command_set, "AffectedSOPInstanceUID"),
            str(context.transfer_syntax[0]) if context else "",
        )


def _text(command: Dataset, keyword: str) -> str:
    """Return a value as it came: pydicom would check it, and raise."""
    value = command.get_item(keyword).value if keyword in command else b""
    return value.decode("ascii", "replace").strip(" \0") if isinstance(value, bytes) else str(value)


class BoundedSocket(AssociationSocket):
    """Never takes a PDU that is longer than was agreed (PS3.8 9.3.1), and reads it in one go."""

    @override
    def recv(self, nr_bytes: int) -> bytearray:
        """Return `nr_bytes` bytes: fewer if the peer ended the connection before.

        Raises:
            ConnectionError: if they are more than one PDU may have.
        """
        if nr_bytes > max(LONGEST_NEGOTIATION, self.assoc.acceptor.maximum_length or 0):
            raise ConnectionAbortedError(f"the peer announces a PDU of {nr_bytes} bytes")
        connected = cast("socket.socket", self.socket)
        found = bytearray(nr_bytes)
        rest = memoryview(found)
        while rest and (read := connected.recv_into(rest)):
            rest = rest[read:]
        missing = len(rest)
        rest.release()
        del found[nr_bytes - missing :]
        return found


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may take of this node."""

    silence_s: float
    """Longest wait for the next bytes of a PDU."""


class StreamingServer(ThreadedAssociationServer):
    """Accepts connections whose C-STORE data sets go through `Part`."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - pynetdicom's
        intake: Intake,
        limits: Limits,
        gate: Gate,
        store: "Store",
        shared: bool = False,
        **kwargs: Any,  # noqa: ANN401 - pynetdicom's
    ) -> None:
        self.intake = intake
        self.limits = limits
        self.gate = gate
        self.store = store
        self._shared = shared
        super().__init__(*args, **kwargs)

    @override
    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse a connection too many at once, without a word: there is no room for a thread."""
        del request
        others = [host_of(one) for one in self.active_associations]
        return self.gate.admits(plain(client_address[0]), others)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for the connection."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # there is no thread: it cannot give back its turn
            self.gate.turns.leave(plain(client_address[0]))
            raise

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Bring the connection to where an association begins; that counts from then on."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.gate.turns.leave(plain(client_address[0]))

    @override
    def server_bind(self) -> None:
        """Take the port, with others where that is wanted."""
        if self._shared and self.socket is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    @override
    def service_actions(self) -> None:
        """Leave the garbage to Python: pynetdicom would collect all of it every few seconds."""

    @override
    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection that neither waits to send nor waits for ever to receive."""
        client, address = super().get_request()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(self.limits.silence_s)
        return client, address


class StreamingHandler(RequestHandler):
    """Gives each association its streaming parts, once the peer got through TLS."""

    @override
    def handle(self) -> None:
        """Begin an association, in this connection's own thread."""
        server = cast("StreamingServer", self.server)
        secured = server.gate.secured(self.request, plain(self.client_address[0]))
        if secured is None:
            server.shutdown_request(self.request)
            return
        self.request = secured
        super().handle()

    @override
    def _create_association(self) -> Association:
        association = super()._create_association()
        server = cast("StreamingServer", self.server)
        association.dimse = StreamingDimse(association, server.intake)
        cast("Any", association.dul.socket).__class__ = BoundedSocket
        return association
