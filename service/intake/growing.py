"""A file that grows in large steps, past the page cache where the disk takes that.

What comes in is synced at once and read much later: copying it into fresh pages of the system's
cache costs more than all the rest of receiving. Steps are aligned, as direct writes must be; the
first one goes the usual way, so that a small object costs no copy.
"""

import errno
import os
from collections.abc import Sequence
from fcntl import F_GETFL, F_SETFL, fcntl
from mmap import mmap
from pathlib import Path

STEP = 1 << 20
"""Bytes of one write, and of memory that a growing file takes."""
_MOST_PIECES = 1000
"""Pieces that the system writes in one go: IOV_MAX is 1024."""
_LOOKED_AT = 1 << 13
"""Bytes that are read in one go where a little is wanted here and there."""
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC


class GrowingFile:
    """A new file at `path`; it is on the disk with all its bytes once `sync` returned.

    Raises:
        OSError: from any method, if the disk fails; the file is to be given up then.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, _NEW, 0o666)
        self._at_first = STEP
        """Bytes of the first step that are still to come."""
        self._held: mmap | None = None
        self._filled = 0
        self._is_direct = False
        self._tried = False

    def add(self, pieces: Sequence[memoryview | bytes]) -> None:
        """Add `pieces` at the end, one after the other."""
        size = sum(map(len, pieces))
        if size <= self._at_first and len(pieces) <= _MOST_PIECES:
            self._at_first -= size
            written = os.writev(self._descriptor, pieces)
            if written < size:  # a disk that is almost full takes a part of it in silence
                self._write_first(memoryview(b"".join(pieces))[written:])
            return
        for piece in pieces:
            self._add(memoryview(piece))

    def _add(self, whole: memoryview) -> None:
        first = whole[: self._at_first]
        self._at_first -= len(first)
        rest = whole[len(first) :]
        self._write_first(first)
        while rest:
            rest = rest[self._hold(rest) :]
            if self._filled == STEP:
                self._begin_direct()
                self._put()

    def _write_first(self, rest: memoryview) -> None:
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def finish(self) -> None:
        """Write what is held back."""
        self._end_direct()  # the rest is of any length
        self._put()

    def sync(self) -> None:
        """Wait until the disk has it all, and close the file; again it does nothing."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)
            self.close()

    def reader(self, start: int) -> "Reader":
        """Return what reads it from `start`, once it is finished."""
        return Reader(self._descriptor, start)

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


class Reader:
    """Reads a file forward, here a little and there a little; it needs no descriptor of its own."""

    def __init__(self, descriptor: int, start: int) -> None:
        self._descriptor = descriptor
        self._at = start
        self._held = b""
        self._held_from = start

    def read(self, length: int) -> bytes:
        """Return the next bytes: fewer than `length` only at the end."""
        begin = self._at - self._held_from
        if begin + length > len(self._held):
            self._held = os.pread(self._descriptor, max(length, _LOOKED_AT), self._at)
            self._held_from, begin = self._at, 0
        found = self._held[begin : begin + length]
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = os.SEEK_CUR) -> int:
        """Go `offset` bytes further, and return where that is; there is no other way to go."""
        if whence != os.SEEK_CUR:
            raise OSError(errno.EINVAL, "only from where it stands")
        self._at += offset
        return self._at
