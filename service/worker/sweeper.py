"""Sees to it that no job is forgotten."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

from service.errors import UnavailableError
from service.ledger.ledger import Ledger
from service.queue.queue import Queue
from service.worker.owner import is_gone

logger = logging.getLogger(__name__)

EVERY_S = 1.0
CALM_S = 2.0
"""Where no job is at hand or due: an idle node shall rest."""
UNAVAILABLE_S = 5.0
"""Pause when the ledger is unavailable: a full disk shall not fill the log as well."""
GRACE = timedelta(seconds=3)
"""A worker's parent knows better how its child died, and says so within this time."""
ABSENCE_EVERY = 5
"""Rounds between looks for workers that died without a word: nothing waits for that."""
SET_BACK = timedelta(seconds=5)
"""A clock that is corrected by less is waited for."""
LATE_ROUNDS = 15
"""So long after the clock was set back somebody may yet make what waits for a time of before."""
MOST_WOKEN = 16
"""Workers that are woken at once; each looks for the next job by itself."""


class Sweeper:
    """Takes jobs back from the dead and wakes workers for what is due; there may be several."""

    def __init__(self, ledger: Ledger, queue: Queue, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._queue = queue
        self._now = now
        self._rounds = count()
        self._missed: dict[str, datetime] = {}
        self._looked: tuple[datetime, float] | None = None
        self._set_back = timedelta()
        self._late_rounds = 0

    def run(self, stop: threading.Event) -> None:
        """Sweep until `stop`."""
        pause = EVERY_S
        while not stop.wait(pause):
            try:
                pause = EVERY_S if self.sweep() else CALM_S
            except UnavailableError as error:
                logger.warning("the sweeper waits: %s", error)
                pause = UNAVAILABLE_S

    def sweep(self) -> bool:
        """Do one round; return whether any job is at hand or due."""
        self._note_the_time()
        owners = self._ledger.owners()
        if owners:
            self._ledger.reap()
        for owner in self._dead_for_long(owners):
            self._ledger.lost(owner, "its process is gone")
        if next(self._rounds) % ABSENCE_EVERY == 0:
            self._note_absence()
        if self._queue.is_empty():  # else workers are on their way: one job leads to the next
            due = self._ledger.due(limit=MOST_WOKEN)
            for job_id, _ in due:
                self._queue.put(job_id)
            return bool(owners or due)
        return True

    def _note_the_time(self) -> None:
        """Let nothing wait for a time that has been, when the clock was set back."""
        looked = self._now(), time.monotonic()
        back = self._set_back_by(looked)
        if back > SET_BACK:
            moved = self._ledger.set_back(back)
            self._set_back, self._late_rounds = back, LATE_ROUNDS
            self._missed.clear()
            logger.warning(
                "the clock was set back by %.0f s: %d things wait no longer for that",
                back.total_seconds(),
                moved,
            )
        elif self._late_rounds:
            self._ledger.set_back(self._set_back, late=True)
            self._late_rounds -= 1
        self._looked = looked

    def _set_back_by(self, looked: tuple[datetime, float]) -> timedelta:
        """Return by how much the clock was set back: since the last look, or while nobody looked.

        What was written down at a moment that is still to come tells of the latter.
        """
        if self._looked is None:
            return max(self._ledger.clock_behind(), self._ledger.behind_received())
        passed = timedelta(seconds=looked[1] - self._looked[1])
        return passed - (looked[0] - self._looked[0])

    def _note_absence(self) -> None:
        for worker in self._ledger.workers():
            if is_gone(worker.owner):
                self._ledger.absent(worker.owner)

    def _dead_for_long(self, owners: Sequence[str]) -> list[str]:
        now = self._now()
        dead = [owner for owner in owners if is_gone(owner)]
        self._missed = {owner: self._missed.get(owner, now) for owner in dead}
        return [owner for owner, since in self._missed.items() if now - since >= GRACE]
