"""The acceptor of pynetdicom 3.0.4 without its polling and copying, by small subclasses.

pynetdicom looks at its socket and queues a thousand times a second in two threads for each
association, reads 4096 bytes at a time, and copies each of them four times. Here the threads sleep
until something happens, and data sets go from one buffer straight into their file. Subclasses know
the insides of what they are derived from: another version is served without them, see `handler_of`.
"""

import logging
import os
import select
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

import pynetdicom
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA, _PDUPrimitiveType
from pynetdicom.transport import AssociationSocket
from typing_extensions import override

from service.intake.part import Announced, Part
from service.intake.statuses import SUCCESS, UNFORESEEN, answer
from service.intake.taking import Taken
from service.ledger.reading import UNREADABLE
from service.listener.command import StoreRequest, store_request, stored
from service.listener.queues import Events, Telling
from service.listener.store import Store
from service.listener.streaming import StreamingDimse, StreamingHandler, StreamingServer
from service.listener.wire import BrokenPduError, Wire, data_of

logger = logging.getLogger(__name__)

KNOWN = "3.0.4"
"""The version of pynetdicom that these subclasses were written for."""
LONGEST_SLEEP_S = 30.0
"""Nothing is waited for longer without a look at the timers."""
MOST_HELD = 1 << 24
"""Bytes of a data set that is kept in memory: those of other services than storage are short."""

WHOLE_COMMAND, LAST_OF_DATA = 3, 2
"""Message control headers: a command in one piece, the last piece of a data set: PS3.8 E.2."""


def handler_of(version: str = pynetdicom.__version__) -> type[StreamingHandler]:
    """Return what serves connections: quick where pynetdicom is the version that is known."""
    return FastHandler if version == KNOWN else StreamingHandler


class FastDul(DULServiceProvider):
    """Sleeps until its peer, its association or a timer wants something."""

    def __init__(self, assoc: "FastAssociation") -> None:
        super().__init__(assoc)
        self.event_queue = Events(self)
        self.to_user_queue = Telling(assoc.told)
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
            cast("FastAssociation", self.assoc).told.set()

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
        return cast("StreamingDimse", self.assoc.dimse).streams_into is not None

    def data(self, pieces: Sequence[memoryview]) -> None:
        """Write the next bytes of that data set."""
        part = cast("StreamingDimse", self.assoc.dimse).streams_into
        if part is not None:
            part.take(pieces)
        self._idle_timer.restart()

    def value(self, context_id: int, value: bytes) -> None:
        """Hand a value to the service elements.

        Raises:
            BrokenPduError: if a data set that is kept in memory becomes too long.
        """
        dimse = cast("FastDimse", self.assoc.dimse)
        if dimse.takes(context_id, value):
            return
        self._held = self._held + len(value) if dimse.message is not None else 0
        if self._held > MOST_HELD:
            raise BrokenPduError(f"a message of more than {MOST_HELD >> 20} MiB")
        primitive = P_DATA()
        primitive.presentation_data_value_list.append((context_id, value))
        dimse.receive_primitive(primitive)


class FastAssociation(Association):
    """An acceptor's association that sleeps until it is told of something."""

    def __init__(self, ae: ApplicationEntity) -> None:
        self.told = threading.Event()
        super().__init__(ae, MODE_ACCEPTOR)
        self.dul = FastDul(self)
        self.acse_timeout = ae.acse_timeout  # these set the timers of the DUL
        self.network_timeout = ae.network_timeout

    @override
    def kill(self) -> None:
        """End it."""
        self._kill = True
        self.told.set()
        super().kill()

    @override
    def _run_reactor(self) -> None:
        """Serve until the association ends: as pynetdicom does, but in its sleep."""
        while not self._kill:
            self._is_paused = True
            self.told.wait(self._patience())
            self.told.clear()
            self._reactor_checkpoint.wait()
            self._is_paused = False
            while self._serves_one():
                pass
            if self._is_over():
                self.kill()

    def _patience(self) -> float:
        idle = self.dul._idle_timer  # noqa: SLF001
        left = idle.remaining if idle.timeout is not None else LONGEST_SLEEP_S
        return max(0.01, min(left + 0.01, LONGEST_SLEEP_S))

    def _serves_one(self) -> bool:
        """Serve the next message, if there is one and nobody else waits for it."""
        if self._kill or not self._reactor_checkpoint.is_set():
            return False
        context_id, message = self.dimse.get_msg(block=False)
        if message is None or context_id is None:
            return False
        self._serve_request(message, context_id)
        return True

    def _is_over(self) -> bool:
        if self.is_established and self.acse.is_release_requested():
            self.acse.send_release(is_response=True)
            self.is_released = True
            self.is_established = False
            evt.trigger(self, evt.EVT_RELEASED, {})
            return True
        if self.acse.is_aborted():
            self.dul.receive_pdu(wait=False)
            self.is_aborted = True
            self.is_established = False
            evt.trigger(self, evt.EVT_ABORTED, {})
            return True
        if not self.dul.is_alive():
            return True
        if self.dul.idle_timer_expired() and not cast("FastDimse", self.dimse).is_storing:
            logger.warning("a peer was silent for too long: its association is aborted")
            self.abort()
            return True
        return False


class FastDimse(StreamingDimse):
    """Takes plain C-STORE requests by itself, and tells the association of all other messages."""

    def __init__(self, assoc: FastAssociation, store: Store, **streaming: Any) -> None:  # noqa: ANN401
        super().__init__(assoc, **streaming)
        self.msg_queue = Telling(assoc.told)
        self.is_storing = False
        """Whether an object is being written down now."""
        self._store = store
        self._asked: tuple[StoreRequest, int] | None = None
        """The request whose data set comes now, and its presentation context."""

    def takes(self, context_id: int, value: bytes) -> bool:
        """Take `value` if it belongs to a plain C-STORE request; return whether it does.

        The DUL's own thread does the work: the peer waits for the answer anyway.

        Raises:
            BrokenPduError: if something else comes within a data set.
        """
        if self._asked is None:
            return self._begins(context_id, value)
        request, context = self._asked
        if value[0] != LAST_OF_DATA or context_id != context:
            raise BrokenPduError("something else came within a data set")
        self._asked = None
        self._answer(request, context)
        return True

    def _begins(self, context_id: int, value: bytes) -> bool:
        if value[0] != WHOLE_COMMAND or self.message is not None:
            return False
        request, context = store_request(value[1:]), self.assoc._accepted_cx.get(context_id)  # noqa: SLF001
        if request is None or context is None or context.abstract_syntax != request.sop_class_uid:
            return False
        syntax = str(context.transfer_syntax[0])
        self.stream(Announced(request.sop_class_uid, request.sop_instance_uid, syntax))
        self._asked = request, context_id
        return True

    def _answer(self, request: StoreRequest, context_id: int) -> None:
        part, self.streams_into = cast("Part", self.streams_into), None
        self.is_storing = True
        try:
            taken = self._store.take(str(self.assoc.requestor.ae_title).strip(), part)
        except Exception as error:  # noqa: BLE001 - the door
            logger.error("a fault while storing: %s", type(error).__name__)  # noqa: TRY400
            taken = Taken(UNFORESEEN)
        finally:
            self.heard()
            self.dul._idle_timer.restart()  # noqa: SLF001
            self.is_storing = False
        if self.assoc.is_aborted or self.assoc.is_released or self.dul._kill_thread:  # noqa: SLF001
            return
        if taken.status == SUCCESS:
            self._send_success(request, context_id)
        else:
            self.send_msg(_refusal(request, taken), context_id)

    def _send_success(self, request: StoreRequest, context_id: int) -> None:
        """Send what is answered to nearly every C-STORE, encoded by hand."""
        told = stored(request.sop_class_uid, request.sop_instance_uid, request.message_id)
        cast("FastDul", self.dul).send_now(data_of(context_id, WHOLE_COMMAND, told))


def _refusal(request: StoreRequest, taken: Taken) -> C_STORE:
    told = C_STORE()
    told.MessageID = told.MessageIDBeingRespondedTo = request.message_id
    told.AffectedSOPClassUID = UID(request.sop_class_uid)
    told.AffectedSOPInstanceUID = UID(request.sop_instance_uid)
    for element in answer(taken.status, taken.reason):
        setattr(told, element.keyword, element.value)
    return told


class FastHandler(StreamingHandler):
    """Serves each connection by a `FastAssociation`."""

    @override
    def _create_association(self) -> Association:
        """Do what pynetdicom does, but share what all associations support: nobody changes it."""
        server = cast("StreamingServer", self.server)
        association = FastAssociation(self.ae)
        association.dimse = FastDimse(association, server.store, intake=server.intake)
        association._server = server  # noqa: SLF001
        started = datetime.fromtimestamp(time.time(), UTC)
        association.name = f"AcceptorThread@{started:%Y%m%d%H%M%S}"
        association.set_socket(AssociationSocket(association, client_socket=self.request))
        acceptor = association.acceptor
        acceptor.maximum_length = self.ae.maximum_pdu_size
        acceptor.ae_title = server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = self.ae.implementation_class_uid
        acceptor.implementation_version_name = self.ae.implementation_version_name
        acceptor.supported_contexts = server.contexts
        association.requestor.address_info = self.remote
        self._bind_handlers(association)
        return association

    def _bind_handlers(self, association: Association) -> None:
        bound = cast("dict[Any, Any]", cast("StreamingServer", self.server)._handlers)  # noqa: SLF001
        for event, found in bound.items():
            pairs = [found] if isinstance(event, evt.InterventionEvent) else found
            for handler, arguments in pairs:
                if handler is not None:
                    association.bind(event, handler, arguments)
