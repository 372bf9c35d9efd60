"""Sees to it that the spool does not grow for ever, and that nothing goes that is needed."""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from service.errors import UnavailableError
from service.ledger.records import Instance, Result
from service.ledger.retention import Retention
from service.ledger.spool import Spool

logger = logging.getLogger(__name__)

FIRST_S = 5.0
EVERY_S = 600.0
BATCH = 20
"""Files removed in one transaction: nobody waits long for it."""
MOST_ORPHANS = 100
"""Files without a row that crashes may explain; more of them speak against the ledger."""
NAMES = 500
"""Files that the ledger is asked for at a time."""
ORPHANED = timedelta(hours=24)
"""A file without a row was never answered Success; its sender, if it lives, has sent it again."""
RECONCILE_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long bytes are kept; None is for ever."""

    received: timedelta | None
    results: timedelta | None


@dataclass(frozen=True)
class Storekeeper:
    """Removes the bytes of what is past its retention and done with; there may be several."""

    ledger: Retention
    received: Spool
    results: Spool
    kept: Kept
    committing: Callable[[], Collection[str]]
    """The destinations that are to commit themselves to storage."""
    now: Callable[[], datetime]

    def run(self, stop: threading.Event) -> None:
        """Clean up until `stop`."""
        reconciled: datetime | None = None
        pause = FIRST_S
        while not stop.wait(pause):
            pause = EVERY_S
            try:
                self.clean(stop)
                if reconciled is None or self.now() - reconciled >= RECONCILE_EVERY:
                    reconciled = self.now()
                    self.reconcile(stop)
            except UnavailableError as error:
                logger.warning("cleaning up waits: %s", error)

    def clean(self, stop: threading.Event) -> int:
        """Remove what is past its retention and done with, until `stop`; return how many files."""
        removed, committing = 0, self.committing()
        while self.kept.received is not None and not stop.is_set():
            before = self.now() - self.kept.received
            count = self.ledger.remove_received(before, committing, self._remove_image, BATCH)
            removed += count
            if not count:
                break
        while self.kept.results is not None and not stop.is_set():
            before = self.now() - self.kept.results
            count = self.ledger.remove_results(before, committing, self._remove_result, BATCH)
            removed += count
            if not count:
                break
        if removed:
            logger.info("removed %d files past their retention", removed)
        return removed

    def reconcile(self, stop: threading.Event) -> int:
        """Remove images that have no row and came long ago, until `stop`; return how many."""
        removed = 0
        old = self.received.kept_before(self.now() - ORPHANED)
        while names := list(islice(old, NAMES)):
            unknown = self.ledger.unknown_received(names)
            if len(unknown) > MOST_ORPHANS:
                logger.error(
                    "the ledger knows nothing of %d files that were kept long ago: is it the right "
                    "one? They stay as they are",
                    len(unknown),
                )
                return removed
            for uid, version in unknown:
                if stop.is_set():
                    return removed
                removed += self._remove_orphan(uid, version)
        if removed:
            logger.warning("removed %d files that a crash left without a row", removed)
        return removed

    def _remove_orphan(self, uid: str, version: str) -> bool:
        """Remove a file that has no row, unless its sender came back meanwhile."""
        with self.received.locked(uid):
            if not self.ledger.unknown_received([(uid, version)]):
                return False
            self.received.remove(uid, version)
            return True

    def _remove_image(self, instance: Instance) -> None:
        self.received.remove(instance.sop_instance_uid, instance.version)

    def _remove_result(self, result: Result) -> None:
        self.results.remove(result.sop_instance_uid)
