"""An answer that holds for a while, so that many who ask cost no more than one."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Asks `source` anew only when its last answer is older than `for_s` seconds."""

    def __init__(
        self, source: Callable[[], T], for_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._for_s = for_s
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return the last answer, or a new one."""
        with self._lock:
            if self._last is None or self._clock() - self._last[0] >= self._for_s:
                answer = self._source()
                self._last = (self._clock(), answer)
            return self._last[1]
