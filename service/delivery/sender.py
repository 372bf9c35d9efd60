"""From what is owed to what was sent."""

import logging
import random
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from service.delivery.answers import DestinationError
from service.delivery.backoff import delay
from service.delivery.dicom_file import file_meta
from service.delivery.outbox import Outbox
from service.delivery.peer import SLOWEST, Offer
from service.delivery.target import Line, Target
from service.delivery.way import Way
from service.errors import NodeError, RefusedError, UnavailableError
from service.ledger.records import Delivery
from service.tracing import span
from service.trail import about

logger = logging.getLogger(__name__)

BATCH = 16
"""Deliveries on one association."""
BATCH_FOR = timedelta(seconds=2)
"""How long new objects are begun on one association: a new urgent one does not wait long."""
LEASE_S = 300.0
"""How long what a process took is its own to send."""
TRIES = 3
"""Times a destination may refuse an object before a person must look at it."""
REFUSED = "refused: "


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to one destination what it is owed."""

    destination: str
    outbox: Outbox
    way: Way

    def send_due(self, target: Target, stop: threading.Event) -> int:
        """Send what is due now, until `stop` is set; return how many of it arrived.

        Raises:
            UnavailableError: if the ledger is; what it does not know as sent is sent again.
        """
        out = self.outbox
        self._give_back([])
        if not self.way.may_try(out.now()):
            return 0
        waiting = [*out.ledger.take_owed(self.destination, out.owner, LEASE_S, BATCH)]
        if len(waiting) == BATCH:
            self.way.busy.set()
        try:
            return self._send_batch(target, waiting, stop) if waiting else 0
        finally:
            self._give_back(waiting)

    def _give_back(self, waiting: list[Delivery]) -> None:
        """Let others send what this one did not; a ledger that is down is told later."""
        mine = [*self.way.left(), *waiting]
        try:
            self.outbox.ledger.give_back_deliveries(mine)
        except UnavailableError:
            self.way.leave(mine)
            raise

    def _send_batch(self, target: Target, waiting: list[Delivery], stop: threading.Event) -> int:
        """Send of `waiting` what can be sent now, taking it out of there."""
        offers = self._offers(waiting)
        if not offers or not self.way.begins(self.outbox.now()):
            return 0
        with ExitStack() as link_open:
            try:
                line = link_open.enter_context(target.linked(offers))
            except UnavailableError as error:
                self._unreachable(error)
                return 0
            except RefusedError as error:
                self.way.reached()
                while waiting:
                    self._failed(waiting.pop(0), error)
                return 0
            return self._send_all(line, waiting, stop)

    def _offers(self, waiting: list[Delivery]) -> set[Offer]:
        """Return what to propose; what cannot be sent at all is taken out of `waiting`."""
        offers: set[Offer] = set()
        for delivery in [*waiting]:
            try:
                with self.outbox.local(delivery) as path:
                    meta = file_meta(path)
            except RefusedError as error:
                self.outbox.ledger.park(delivery, str(error))
                waiting.remove(delivery)
            except UnavailableError as error:
                self._failed(delivery, error)
                waiting.remove(delivery)
            else:
                offers.add((meta.sop_class_uid, meta.transfer_syntax_uid))
        return offers

    def _send_all(self, line: Line, waiting: list[Delivery], stop: threading.Event) -> int:
        ends = self.outbox.now() + BATCH_FOR
        arrived = 0
        fault: UnavailableError | None = None
        while waiting and line.alive and fault is None:
            if stop.is_set() or self.outbox.now() > ends:
                break
            try:
                arrived += self._send(line, waiting[0])
            except UnavailableError as error:
                fault = error
            else:
                del waiting[0]
        if fault is not None or (waiting and not line.alive and not arrived):
            self._unreachable(fault or UnavailableError("it ends associations before it answers"))
        else:
            self.way.reached()
        return arrived

    def _send(self, line: Line, delivery: Delivery) -> bool:
        """Send it; return whether it arrived. Raises DestinationError if nothing can be sent."""
        uid, job = delivery.study_instance_uid, delivery.job_id
        with about(uid, job=job), span("delivery", uid, destination=self.destination, job=job):
            return self._settled(line, delivery)

    def _settled(self, line: Line, delivery: Delivery) -> bool:
        try:
            remark = self._sent(line, delivery)
        except NodeError as error:
            self._failed(delivery, error)
            if isinstance(error, DestinationError):
                raise
            return False
        if remark:
            logger.warning("%s: %s: %s", self.destination, delivery.sop_instance_uid, remark)
        self.outbox.sent(delivery, remark)
        logger.info("%s has %s", self.destination, delivery.sop_instance_uid)
        return True

    def _sent(self, line: Line, delivery: Delivery) -> str:
        """Send it, and hold it for as long as that may take; return what is remarked."""
        slowest_s = 2 * self.outbox.size(delivery) / SLOWEST
        if slowest_s > LEASE_S / 2:
            self.outbox.ledger.hold_deliveries([delivery], slowest_s + LEASE_S)
        with self.outbox.local(delivery) as path:
            return line.send(path)

    def _unreachable(self, error: UnavailableError) -> None:
        """It is the destination that failed: what it is owed waits, and has not been tried."""
        self.way.failed(self.outbox.now())
        logger.warning("%s: nothing can be sent: %s", self.destination, error)
        self.outbox.ledger.note_unreachable(self.destination, str(error))

    def _failed(self, delivery: Delivery, error: NodeError) -> None:
        """Try again later; but not what was refused often enough."""
        attempt = delivery.attempts + 1
        refused = isinstance(error, RefusedError)
        told = f"{REFUSED}{error}" if refused else str(error)
        logger.warning(
            "%s to %s, attempt %d: %s", delivery.sop_instance_uid, self.destination, attempt, told
        )
        if refused and attempt >= TRIES and delivery.error.startswith(REFUSED):
            self.outbox.ledger.park(delivery, told)
            return
        wait = delay(attempt, random.random())  # noqa: S311 - nobody gains by guessing it
        self.outbox.ledger.postpone(delivery, wait, told)
