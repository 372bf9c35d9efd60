"""The messages of a quick acceptor: plain C-STORE requests are answered where they come."""

import logging
import threading
from typing import TYPE_CHECKING, cast

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from service.intake.part import Announced, Intake, Part
from service.intake.statuses import SUCCESS, UNFORESEEN, answer
from service.intake.taking import Taken
from service.listener.command import StoreRequest, store_request, stored
from service.listener.queues import Telling
from service.listener.store import Store
from service.listener.streaming import StreamingDimse
from service.listener.wire import BrokenPduError, data_of

if TYPE_CHECKING:
    from service.listener.fast_dul import FastDul

logger = logging.getLogger(__name__)

WHOLE_COMMAND, LAST_OF_DATA = 3, 2
"""Message control headers: a command in one piece, the last piece of a data set: PS3.8 E.2."""


class FastDimse(StreamingDimse):
    """Takes plain C-STORE requests by itself, and tells the association of all other messages."""

    def __init__(
        self, assoc: Association, told: threading.Event, store: Store, intake: Intake
    ) -> None:
        super().__init__(assoc, intake)
        self.msg_queue = Telling(told)
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
            taken = self._store.take(str(self.assoc.requestor.ae_title).strip(), part, self.trail)
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
