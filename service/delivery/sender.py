"""From what is owed to what was sent."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from service.delivery.backoff import delay
from service.delivery.dicom_file import file_meta
from service.delivery.peer import Link, Offer, Peer
from service.errors import NodeError, RefusedError, UnavailableError
from service.ledger.ledger import Deliveries
from service.ledger.records import Delivery
from service.ledger.spool import Spool

logger = logging.getLogger(__name__)

POLL_S = 0.5
LEDGER_DOWN_S = 5.0
"""Pause when the ledger is unavailable."""
BATCH = 16
"""Deliveries on one association: few enough that a new urgent one does not wait long."""
TRIES = 3
"""Times a destination may refuse an object before a person must look at it."""
REFUSED = "refused: "


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to one destination what it is owed."""

    destination: str
    ledger: Deliveries
    results: Spool
    now: Callable[[], datetime]

    def send_due(self, peer: Peer, stop: threading.Event) -> int:
        """Send what is due now, until `stop` is set; return how many of it arrived.

        Raises:
            UnavailableError: if the ledger is; what it does not know as sent is sent again.
        """
        due = self.ledger.owed(self.destination, BATCH)
        offers = {delivery: offer for delivery in due if (offer := self._offer(delivery))}
        if not offers:
            return 0
        with ExitStack() as link_open:
            try:
                link = link_open.enter_context(peer.linked(set(offers.values())))
            except NodeError as error:
                for delivery in offers:
                    self._failed(delivery, error)
                return 0
            return sum(
                self._send(link, delivery)
                for delivery in offers
                if link.alive and not stop.is_set()
            )

    def _offer(self, delivery: Delivery) -> Offer | None:
        """Return what to propose for `delivery`; None if its file cannot be sent at all."""
        try:
            with self.results.local(delivery.sop_instance_uid) as path:
                meta = file_meta(path)
        except RefusedError as error:
            self.ledger.park(delivery, str(error))
        except UnavailableError as error:
            self._failed(delivery, error)
        else:
            return meta.sop_class_uid, meta.transfer_syntax_uid
        return None

    def _send(self, link: Link, delivery: Delivery) -> bool:
        try:
            with self.results.local(delivery.sop_instance_uid) as path:
                link.send(path)
        except NodeError as error:
            self._failed(delivery, error)
            return False
        self.ledger.sent(delivery)
        logger.info("%s has %s", self.destination, delivery.sop_instance_uid)
        return True

    def _failed(self, delivery: Delivery, error: NodeError) -> None:
        """Try again later; but not what was refused often enough."""
        attempt = delivery.attempts + 1
        refused = isinstance(error, RefusedError)
        told = f"{REFUSED}{error}" if refused else str(error)
        logger.warning(
            "%s to %s, attempt %d: %s", delivery.sop_instance_uid, self.destination, attempt, told
        )
        if refused and attempt >= TRIES and delivery.error.startswith(REFUSED):
            self.ledger.park(delivery, told)
            return
        wait = delay(attempt, random.random())  # noqa: S311 - nobody gains by guessing it
        self.ledger.postpone(delivery, self.now() + wait, told)


@dataclass(frozen=True, slots=True)
class Senders:
    """Serves every destination in a thread of its own: a slow one keeps nobody waiting."""

    ledger: Deliveries
    results: Spool
    peers: Callable[[], Mapping[str, Peer]]
    """The destinations in force, by name."""
    now: Callable[[], datetime]

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set, then let each destination finish its object."""
        threads: dict[str, threading.Thread] = {}
        while not stop.wait(POLL_S):
            for name in self.peers():
                if name not in threads or not threads[name].is_alive():
                    threads[name] = threading.Thread(
                        target=self._serve, args=(name, stop), name=f"delivery-{name}"
                    )
                    threads[name].start()
        for thread in threads.values():
            thread.join()

    def _serve(self, name: str, stop: threading.Event) -> None:
        """Send to that destination until `stop` is set or the routes know it no more."""
        sender = Sender(name, self.ledger, self.results, self.now)
        while (peer := self.peers().get(name)) is not None and not stop.is_set():
            try:
                arrived = sender.send_due(peer, stop)
            except UnavailableError as error:
                logger.warning("delivery to %s waits: %s", name, error)
                stop.wait(LEDGER_DOWN_S)
                continue
            if not arrived:
                stop.wait(POLL_S)
