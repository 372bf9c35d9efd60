"""Finds the studies that are through of which nobody noted how long they took."""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from service.errors import UnavailableError
from service.ledger.counting import Counting, Through
from service.sample import Sample

logger = logging.getLogger(__name__)

EVERY_S = 60.0
WITHIN = timedelta(days=2)
"""What ended earlier is not looked at any more."""


@dataclass(frozen=True)
class Turnarounds:
    """Notes what an `Outbox` could not: it died first, or a job ended last that owes nothing."""

    ledger: Counting
    counted_of: Callable[[Through], Collection[Sample]]

    def run(self, stop: threading.Event) -> None:
        """Look until `stop`."""
        while not stop.wait(EVERY_S):
            try:
                self.find()
            except UnavailableError as error:
                logger.warning("looking for studies that are through waits: %s", error)

    def find(self) -> None:
        """Note each study that is through, once.

        Raises:
            UnavailableError: if the ledger is down.
        """
        for job_id in self.ledger.unnoted(WITHIN):
            self.ledger.note_through(job_id, self.counted_of)
