"""A file that grows in large steps, past the page cache where the disk takes that.

What comes in is synced at once and read much later: copying it into fresh pages of the system's
cache costs more than all the rest of receiving. Steps are aligned, as direct writes must be; the
first one goes the usual way, so that a small object costs no copy.
"""

import errno
import os
from fcntl import F_GETFL, F_SETFL, fcntl
from mmap import mmap
from pathlib import Path

STEP = 1 << 20
"""Bytes of one write, and of memory that a growing file takes."""


class GrowingFile:
    """A new file at `path`; it is there with all its bytes once `finish` returned.

    Raises:
        OSError: from any method, if the disk fails; the file is to be given up then.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        self._at_first = STEP
        """Bytes of the first step that are still to come."""
        self._held: mmap | None = None
        self._filled = 0
        self._is_direct = False
        self._tried = False

    def add(self, piece: memoryview | bytes) -> None:
        """Add `piece` at the end."""
        whole = memoryview(piece)
        first = whole[: self._at_first]
        self._at_first -= len(first)
        rest = whole[len(first) :]
        while first:  # a disk that is almost full takes a part of it in silence
            first = first[os.write(self._descriptor, first) :]
        while rest:
            rest = rest[self._hold(rest) :]
            if self._filled == STEP:
                self._begin_direct()
                self._put()

    def finish(self) -> None:
        """Write what is held back, and close the file."""
        if self._descriptor < 0:
            return
        self._end_direct()  # the rest is of any length
        self._put()
        self.close()

    def _hold(self, rest: memoryview) -> int:
        """Hold back what fits of `rest`; return how many bytes."""
        if self._held is None:
            self._held = mmap(-1, STEP)  # aligned to pages
        taken = min(len(rest), STEP - self._filled)
        self._held[self._filled : self._filled + taken] = rest[:taken]
        self._filled += taken
        return taken

    def close(self) -> None:
        """Close the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            if self._held is not None:
                self._held.close()

    def _put(self) -> None:
        """Write what is held: a disk that is almost full takes a part of it in silence."""
        if self._held is None:
            return
        with memoryview(self._held) as held:
            start = 0
            while start < self._filled:
                with held[start : self._filled] as rest:
                    start += self._write(rest)
        self._filled = 0

    def _write(self, rest: memoryview) -> int:
        try:
            return os.write(self._descriptor, rest)
        except OSError as error:
            if not (self._is_direct and error.errno == errno.EINVAL):
                raise
            self._end_direct()  # this disk wants something that is aligned otherwise
            return os.write(self._descriptor, rest)

    def _begin_direct(self) -> None:
        if not self._tried:
            self._tried = True
            self._is_direct = self._set(os.O_DIRECT)

    def _end_direct(self) -> None:
        if self._is_direct:
            self._is_direct = not self._set(0)

    def _set(self, direct: int) -> bool:
        """Switch direct writing on or off; return whether the file system can."""
        flags = fcntl(self._descriptor, F_GETFL) & ~os.O_DIRECT
        try:
            fcntl(self._descriptor, F_SETFL, flags | direct)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return False
        return True
