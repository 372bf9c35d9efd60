"""Whether a loop still goes round."""

import threading
import time

from typing_extensions import override


class Progress(threading.Event):
    """The event that stops a loop; it remembers when the loop last asked for it."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop
        self._waiting = 0
        self._asked = time.monotonic()

    @override
    def is_set(self) -> bool:
        """Tell whether the loop is to end."""
        self._asked = time.monotonic()
        return self._stop.is_set()

    @override
    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the loop is to end, or for `timeout` seconds; return whether it is."""
        self._waiting += 1
        try:
            return self._stop.wait(timeout)
        finally:
            self._asked = time.monotonic()
            self._waiting -= 1

    @override
    def set(self) -> None:
        """Let all loops end."""
        self._stop.set()

    def busy_s(self) -> float:
        """Return for how many seconds the loop has been at one thing; 0 where it waits."""
        return 0.0 if self._waiting else time.monotonic() - self._asked
