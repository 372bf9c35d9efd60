"""The upper layer of a quick acceptor: bytes from and to the connection, PS3.8 9."""

import logging
import os
import select
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, cast

from pynetdicom.association import Association
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA, _PDUPrimitiveType
from typing_extensions import override

from service.intake.part import Part
from service.ledger.reading import UNREADABLE
from service.listener.queues import Events, Telling
from service.listener.wire import BrokenPduError, Wire

if TYPE_CHECKING:
    from pynetdicom.transport import AssociationSocket

logger = logging.getLogger(__name__)

LONGEST_SLEEP_S = 30.0
"""Nothing is waited for longer without a look at the timers."""
MOST_HELD = 1 << 24
"""Bytes of a data set that is kept in memory: those of other services than storage are short."""


class Messages(Protocol):
    """What the values of an association make up: see `FastDimse`."""

    streams_into: Part | None
    message: DIMSEMessage | None

    def takes(self, context_id: int, value: bytes) -> bool:
        """Take `value` if it belongs to a plain C-STORE request; return whether it does."""
        ...

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what belongs to any other message."""
        ...


class FastDul(DULServiceProvider):
    """Sleeps until its peer, its association or a timer wants something."""

    def __init__(self, assoc: Association, told: threading.Event) -> None:
        super().__init__(assoc)
        self._told = told
        self.event_queue = Events(self)
        self.to_user_queue = Telling(told)
        self._run_loop_delay = 0
        self._wakes = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closing = threading.Lock()
        self._poll = select.poll()
        self._poll.register(self._wakes, select.POLLIN)
        self._watched = -1
        self._wire = Wire(assoc.ae.maximum_pdu_size)
        self._held = 0

    @override
    def run(self) -> None:
        """Run until the connection is over, and say so."""
        try:
            super().run()
        finally:
            with self._closing:
                os.close(self._wakes)
                self._wakes = -1
            self._wire = Wire(0)
            self._told.set()

    def wake(self) -> None:
        """Let it look at what there is to do."""
        with self._closing:
            if self._wakes >= 0:
                os.eventfd_write(self._wakes, 1)

    @override
    def send_pdu(self, primitive: _PDUPrimitiveType) -> None:
        """Send `primitive`, soon."""
        super().send_pdu(primitive)
        self.wake()

    @override
    def kill_dul(self) -> None:
        """End, soon."""
        super().kill_dul()
        self.wake()

    @override
    def stop_dul(self) -> bool:
        """End, if there is no connection any more; return whether that is so."""
        if self.state_machine.current_state != "Sta1":
            return False
        self.kill_dul()
        self.join()
        return True

    # What follows is called by the thread itself.

    @override
    def _is_transport_event(self) -> bool:
        if self.state_machine.current_state == "Sta13":
            return self._await_the_end()
        if not self._wire.wants_more:
            self._advance()
            return True
        came = False
        while (came and self._receive_more()) or (
            self._is_readable(self._patience()) and self._receive()
        ):
            came = True
            if self._has_something_to_do():
                break
        return came

    def send_now(self, pdu: bytes) -> None:
        """Send the bytes of a P-DATA-TF, past the queue: PS3.8 9.2.2, DT-1."""
        connected = cast("AssociationSocket", self.socket).socket
        if connected is None or self.state_machine.current_state != "Sta6":
            return  # the association is over
        try:
            sent = 0
            if not isinstance(connected, ssl.SSLSocket):
                with suppress(BlockingIOError):
                    sent = os.write(connected.fileno(), pdu)
            if sent < len(pdu):
                connected.sendall(pdu[sent:])
        except OSError:
            self.event_queue.put("Evt17")  # the connection is closed

    def _has_something_to_do(self) -> bool:
        if not self._wire.wants_more or self.state_machine.current_state != "Sta6":
            return True
        return self._is_wanted()

    def _is_wanted(self) -> bool:
        """Tell whether the association, or a timer, wants something."""
        queues = (self.event_queue.queue, self.to_provider_queue.queue)
        return self._kill_thread or any(queues)

    def _await_the_end(self) -> bool:
        """Drop what still comes; when nothing does, close the connection: PS3.8 9.2."""
        if self._is_readable(0):
            self._wire = Wire(0)
            self._receive_into(self._wire.room())
        elif self.socket is not None:
            self.socket.close()
        return True

    def _patience(self) -> float:
        if self._is_wanted():
            return 0.0
        timer = self.artim_timer
        started = timer._start_time is not None and timer._end_time is None  # noqa: SLF001
        return max(0.0, min(timer.remaining, LONGEST_SLEEP_S)) if started else LONGEST_SLEEP_S

    def _is_readable(self, seconds: float) -> bool:
        """Wait until something comes, or there is something else to do."""
        connected = self.socket.socket if self.socket is not None else None
        if connected is None:
            self._poll.poll(1000 * min(seconds, 1.0))
            return False
        if isinstance(connected, ssl.SSLSocket) and connected.pending():
            return True
        if self._watched < 0:
            self._watched = connected.fileno()
            self._poll.register(self._watched, select.POLLIN)
        if connected.fileno() < 0:  # closed by another thread
            self.event_queue.put("Evt17")
            return False
        found = dict(self._poll.poll(1000 * seconds + 1 if seconds else 0))
        if found.pop(self._wakes, 0):
            os.eventfd_read(self._wakes)
        return bool(found)

    def _receive_more(self) -> bool:
        """Take what came meanwhile of a data set that is under way; where load is high it did."""
        is_plain = not isinstance(cast("AssociationSocket", self.socket).socket, ssl.SSLSocket)
        return is_plain and self._wire.goes_on and self._receive()

    def _receive(self) -> bool:
        """Take what came, and do what it asks for; return whether something came."""
        read = self._receive_into(self._wire.room())
        if read:
            self._wire.came(read)
            self._advance()
        return bool(read)

    def _receive_into(self, room: memoryview) -> int:
        connected = cast("AssociationSocket", self.socket).socket
        read = 0
        try:
            if isinstance(connected, ssl.SSLSocket):
                read = connected.recv_into(room)
                while connected.pending() > 0 and read < len(room):
                    read += connected.recv_into(room[read:])
            elif connected is not None:
                read = os.readv(connected.fileno(), [room])
        except (BlockingIOError, ssl.SSLWantReadError):
            return 0
        except OSError:
            self.event_queue.put("Evt17")  # the connection is closed
            return 0
        if not read:
            self.event_queue.put("Evt17")
        return read

    def _advance(self) -> None:
        established = self.state_machine.current_state == "Sta6"
        try:
            whole = self._wire.advance(self, established=established)
            if whole is None:
                return
            pdu, event = self._decode_pdu(bytearray(whole))
        except (BrokenPduError, AssertionError, *UNREADABLE) as error:
            said = str(error) if isinstance(error, BrokenPduError) else "a PDU cannot be decoded"
            logger.warning("a peer broke the upper layer protocol: %s", said)
            self.event_queue.put("Evt19")  # an invalid PDU
            return
        self._recv_pdu.put(pdu)
        self.event_queue.put(event)

    # The sink of `Wire`.

    def streams(self) -> bool:
        """Tell whether a data set goes into its file now."""
        return cast("Messages", self.assoc.dimse).streams_into is not None

    def data(self, pieces: Sequence[memoryview]) -> None:
        """Write the next bytes of that data set."""
        part = cast("Messages", self.assoc.dimse).streams_into
        if part is not None:
            part.take(pieces)
        self._idle_timer.restart()

    def value(self, context_id: int, value: bytes) -> None:
        """Hand a value to the service elements.

        Raises:
            BrokenPduError: if a data set that is kept in memory becomes too long.
        """
        dimse = cast("Messages", self.assoc.dimse)
        if dimse.takes(context_id, value):
            return
        self._held = self._held + len(value) if dimse.message is not None else 0
        if self._held > MOST_HELD:
            raise BrokenPduError(f"a message of more than {MOST_HELD >> 20} MiB")
        primitive = P_DATA()
        primitive.presentation_data_value_list.append((context_id, value))
        dimse.receive_primitive(primitive)
