"""One writer at a time, of all threads and processes.

SQLite lets one process write at a time too, but who waits for it sleeps longer and longer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

from service.errors import UnavailableError
from service.ledger.patience import USUAL

PAUSE_S = 0.0005
LONGEST_WAIT_S = 5.0
"""Then SQLite is asked in vain: its message says what is the matter."""


class Turn:
    """What a process waits for before it writes; a forked child wants one of its own.

    Where the file at `path` cannot be locked, only its threads wait for each other: what keeps
    processes apart is SQLite's own lock.
    """

    def __init__(self, path: Path) -> None:
        self._threads = Lock()
        self._path = path
        self._descriptor = -1

    @contextmanager
    def taken(self, longest_s: float = USUAL.turn_s) -> Iterator[None]:
        """Let nobody else write meanwhile, unless who has the turn does nothing for too long.

        Raises:
            UnavailableError: if too many of this process's threads came before.
        """
        if not self._threads.acquire(timeout=longest_s):
            raise UnavailableError("ledger: too many wait to write")
        try:
            with suppress(OSError):
                self._wait(min(longest_s, LONGEST_WAIT_S))
            try:
                yield
            finally:
                with suppress(OSError):
                    lockf(self._open(), LOCK_UN)
        finally:
            self._threads.release()

    def _wait(self, longest_s: float) -> None:
        """Lock the file: the lock is the process's own, and gone with it even by kill -9."""
        until = monotonic() + longest_s
        while monotonic() < until:
            try:
                lockf(self._open(), LOCK_EX | LOCK_NB)
            except BlockingIOError:
                sleep(PAUSE_S)
            else:
                return

    def close(self) -> None:
        """Close the file."""
        with self._threads:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _open(self) -> int:
        if self._descriptor < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o666)
        return self._descriptor
