"""An answer that holds for a while, so that many who ask cost no more than one."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from service.errors import NodeError

T = TypeVar("T")


class Remembered(Generic[T]):
    """Asks `source` anew only when its last answer is older than `for_s` seconds.

    A failure is that of all who waited for the answer, who need not wait again; it holds no longer,
    for who asks later wants to know whether it is over.
    """

    def __init__(
        self, source: Callable[[], T], for_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._for_s = for_s
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Future[T] | None = None
        self._at = 0.0
        """When it was there."""

    def __call__(self) -> T:
        """Return the last answer, or a new one.

        Raises:
            NodeError: if there is none.
        """
        came = self._clock()
        with self._lock:
            if self._last is None or not self._holds(self._last, came):
                self._last = self._asked()
                self._at = self._clock()
            last = self._last
        return last.result()

    def _holds(self, last: Future[T], came: float) -> bool:
        """Tell whether who came then need not ask anew."""
        if last.exception() is not None:
            return came < self._at
        return self._clock() - self._at < self._for_s

    def _asked(self) -> Future[T]:
        asked: Future[T] = Future()
        try:
            asked.set_result(self._source())
        except NodeError as error:
            asked.set_exception(error)
        return asked
