"""Sees to it that the spool does not grow for ever, and that nothing goes that is needed."""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from service.errors import UnavailableError
from service.ledger.asked.retention import Past, Retention
from service.ledger.records import Instance, Result
from service.ledger.spool import Spool
from service.worker.clock_trust import ClockTrust

logger = logging.getLogger(__name__)

LOOK_S = 10.0
"""Between two looks at the room on the disk."""
EVERY_S = 600.0
BATCH = 20
"""Files or studies that the ledger is asked for at a time."""
YOUNG = timedelta(hours=1)
"""What came or was made later does not go for want of room: its study may still grow."""
MOST_ORPHANS = 100
"""Files without a row that crashes may explain; more of them speak against the ledger."""
NAMES = 500
"""Files that the ledger is asked for at a time."""
ORPHANED = timedelta(hours=24)
"""A file without a row was never answered Success; its sender, if it lives, has sent it again."""
UNKNOWN = "no row in the ledger: never answered Success, or the ledger was set back; send it again"
RECONCILE_S = 24 * 3600.0
LEFT_FOR = timedelta(days=2)
"""The files of results that were removed within that time are removed again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How long bytes are kept; None is for ever."""

    received: timedelta | None
    results: timedelta | None
    room: int = 0
    """Bytes that shall be free: with less, what is done with goes before its time; 0: it stays."""


def _count_nowhere(_reason: str, _files: int) -> None:
    """Count nothing."""


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
    count: Callable[[str, int], None] = _count_nowhere
    """Is told how many files went, and why: for their ``age`` or for want of ``room``."""

    def run(self, stop: threading.Event) -> None:
        """Clean up until `stop`: for room whenever it lacks, by age every ten minutes."""
        cleaned = reconciled = -math.inf
        trust = self.trust()
        while not stop.wait(LOOK_S):
            started = time.monotonic()
            try:
                self.make_room(stop)
                if started - cleaned >= EVERY_S:
                    cleaned = started
                    self.clean_by_age(stop, trust)
                if started - reconciled >= RECONCILE_S:
                    reconciled = started
                    self.reconcile(stop)
            except UnavailableError as error:
                logger.warning("cleaning up waits: %s", error)

    def trust(self) -> ClockTrust:
        """Return what tells whether the clock may be believed, as of a start."""
        return ClockTrust(self.now, self._newest, time.monotonic)

    def clean_by_age(self, stop: threading.Event, trust: ClockTrust) -> int:
        """Do as `clean` does, unless the clock jumped: then nothing goes for its age."""
        if not trust.holds():
            return 0
        self.ledger.believe_clock()
        return self.clean(stop)

    def _newest(self) -> datetime | None:
        """Return when anything came last, or the clock was believed last: the later."""
        came = [one.received_at for one in self.ledger.newest_received(1)]
        return max(filter(None, [*came, self.ledger.clock_believed()]), default=None)

    def clean(self, stop: threading.Event) -> int:
        """Remove what is past its retention and done with, until `stop`; return how many files."""
        removed, committing = 0, self.committing()
        if self.kept.received is not None:
            past = Past(self.now() - self.kept.received, committing)
            removed += self._remove_images(past, stop)[0]
            self.ledger.forget_completions(past.before)
        if self.kept.results is not None:
            past = Past(self.now() - self.kept.results, committing)
            removed += self._remove_results(past, stop)[0]
        if removed:
            self.count("age", removed)
            logger.info("removed %d files past their retention", removed)
        return removed

    def make_room(self, stop: threading.Event) -> int:
        """Remove the oldest studies that are done with while the disk is low; return the files.

        What came in the last hour stays: its study may still grow.
        """
        missing = self.kept.room - self.received.free_bytes() if self.kept.room else 0
        if missing <= 0:
            return 0
        past = Past(self.now() - YOUNG, self.committing())
        removed = freed = 0
        for study in self._oldest(past):
            if freed >= missing or stop.is_set():
                break
            files, size = self._remove_study(replace(past, study=study), stop)
            removed, freed = removed + files, freed + size
        if removed:
            self.count("room", removed)
            told = "the disk is low: %d files (%d MB) of studies that are done with went early"
            logger.warning(told, removed, freed // 1_000_000)
        return removed

    def _oldest(self, past: Past) -> Iterator[str]:
        """Yield the studies that may go, until none of them did go."""
        seen: Sequence[str] = ()
        while (studies := self.ledger.studies_past(past, BATCH)) and studies != seen:
            seen = studies
            yield from studies

    def _remove_study(self, past: Past, stop: threading.Event) -> tuple[int, int]:
        images, results = self._remove_images(past, stop), self._remove_results(past, stop)
        return images[0] + results[0], images[1] + results[1]

    def _remove_images(self, past: Past, stop: threading.Event) -> tuple[int, int]:
        """Remove images that may go, until `stop`; return how many files and bytes."""
        sizes: list[int] = []
        while (found := self.ledger.received_past(past, BATCH)) and not stop.is_set():
            gone = [one.size for one in found if self._remove_image(one, past)]
            sizes += gone
            if not gone:
                break
        return len(sizes), sum(sizes)

    def _remove_results(self, past: Past, stop: threading.Event) -> tuple[int, int]:
        """Likewise results."""
        sizes: list[int] = []
        while (found := self.ledger.results_past(past, BATCH)) and not stop.is_set():
            gone = [one.size for one in found if self._remove_result(one, past)]
            sizes += gone
            if not gone:
                break
        return len(sizes), sum(sizes)

    def _remove_image(self, image: Instance, past: Past) -> bool:
        """Remove an image, unless its sender came back meanwhile: he waits for the lock."""
        with self.received.locked(image.sop_instance_uid):
            if not self.ledger.may_image_go(image, past):
                return False
            self.received.remove(image.sop_instance_uid, image.version)
            self.ledger.note_image_removed(image)
            return True

    def _remove_result(self, result: Result, past: Past) -> bool:
        """Remove a result, unless something is to come of its study again."""
        if not self.ledger.note_result_removed(result, past):
            return False
        self.results.remove(result.sop_instance_uid)
        return True

    def reconcile(self, stop: threading.Event) -> int:
        """Put images in quarantine that came long ago and have no row; return how many.

        A crash leaves such a file; so does a ledger that was set back, which only people can tell.
        Of results that were removed the files go again: whoever died removing one left it.
        """
        self._remove_left(stop)
        removed = 0
        old = self.received.kept_before(self.now() - ORPHANED)
        while (names := list(islice(old, NAMES))) and not stop.is_set():
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
            told = "%d files without a row are in quarantine: of a crash, or the ledger is old"
            logger.warning(told, removed)
        return removed

    def _remove_left(self, stop: threading.Event) -> None:
        since = self.now() - LEFT_FOR
        for uid in self.ledger.results_removed(since, self.committing()):
            if stop.is_set():
                return
            self.results.remove(uid)

    def _remove_orphan(self, uid: str, version: str) -> bool:
        """Put a file in quarantine that has no row, unless its sender came back meanwhile."""
        with self.received.locked(uid):
            if not self.ledger.unknown_received([(uid, version)]):
                return False
            self.received.set_aside(uid, version, UNKNOWN)
            return True
