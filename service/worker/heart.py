"""Keeps the lease of a job while it runs."""

import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from service.errors import UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.records import Job

BEAT_S = 5.0
GRACE_S = 20.0
"""Who does not let go of a job that was taken away, within this time, is stuck."""


def nothing() -> None:
    """Leave a process that is stuck as it is."""


class Heart:
    """Beats beside the job as long as the block lasts."""

    def __init__(
        self, ledger: Ledger, job: Job, beat_s: float, end: Callable[[], None] = nothing
    ) -> None:
        self._ledger = ledger
        self._job = job
        self._beat_s = beat_s
        self._end = end
        self._ended = threading.Event()
        self._taken = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    @property
    def is_taken(self) -> bool:
        """Tell whether the job was cancelled, or is another's by now."""
        return self._taken.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            with contextlib.suppress(UnavailableError):  # the lease lasts for several beats
                if not self._ledger.heartbeat(self._job):
                    self._taken.set()
                    break
        if not self._ended.wait(GRACE_S):
            self._end()
