"""Hearing at once that something came into a folder: inotify(7)."""

import contextlib
import ctypes
import os
from pathlib import Path

IN_MOVED_TO = 0x80
_LENGTH = 65536


class Arrivals:
    """An open file that can be read when something was moved into `folder`.

    Raises:
        OSError: if the kernel has no more of them to give.
    """

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._folder = os.fsencode(folder)
        self._file = _checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            self.watch()
        except OSError:
            self.close()
            raise

    def watch(self) -> None:
        """Hear of the folder that is there now: it may have been removed and made anew.

        Raises:
            OSError: if there is none.
        """
        _checked(self._libc.inotify_add_watch(self._file, self._folder, IN_MOVED_TO))

    def fileno(self) -> int:
        """Return its number, for who waits for several at once."""
        return self._file

    def drain(self) -> None:
        """Forget what came until now."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._file, _LENGTH):
                pass

    def close(self) -> None:
        """Close it."""
        os.close(self._file)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
