"""Bytes that are read forward once, whatever they are packed in."""

import zlib
from typing import Protocol

from service.errors import BadObjectError

MOST_INFLATED = 256 << 20
"""Bytes that a deflated data set may grow to: it is held in memory when it is read."""
_CHUNK = 1 << 16


class File(Protocol):
    """What bytes come from: a file that is open, or one in memory."""

    def read(self, length: int, /) -> bytes:
        """Return the next bytes: fewer than `length` only at the end."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Go elsewhere; here always further, from where it stands."""
        ...


class Source(Protocol):
    """What the walk over a data set reads from."""

    position: int
    """Bytes that were read or skipped so far."""

    def read(self, length: int) -> bytes:
        """Return the next bytes: fewer than `length` only at the end."""
        ...

    def skip(self, length: int) -> None:
        """Go `length` bytes further.

        Raises:
            BadObjectError: if there are fewer.
        """
        ...


class Plain:
    """The bytes of a file from where it stands."""

    def __init__(self, file: File, size: int) -> None:
        self.position = 0
        self._file = file
        self._size = size

    def read(self, length: int) -> bytes:
        """Return the next bytes: fewer than `length` only at the end."""
        if self.position >= self._size:
            return b""
        found = self._file.read(length)
        self.position += len(found)
        return found

    def skip(self, length: int) -> None:
        """Go `length` bytes further.

        Raises:
            BadObjectError: if there are fewer.
        """
        if self.position + length > self._size:
            missing = self.position + length - self._size
            raise BadObjectError(f"truncated: {missing} bytes are missing at the end")
        self._file.seek(length, 1)
        self.position += length


class Inflated:
    """What a deflated file holds, inflated as it is read: PS3.5 A.5."""

    def __init__(self, file: File) -> None:
        self.position = 0
        self._file = file
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._ready = b""

    def read(self, length: int) -> bytes:
        """Return the next bytes: fewer than `length` only at the end."""
        found = bytearray()
        while len(found) < length and self._more():
            taken = self._ready[: length - len(found)]
            self._ready = self._ready[len(taken) :]
            found += taken
        self.position += len(found)
        if self.position > MOST_INFLATED:
            raise BadObjectError(f"inflates to more than {MOST_INFLATED >> 20} MiB")
        return bytes(found)

    def skip(self, length: int) -> None:
        """Go `length` bytes further.

        Raises:
            BadObjectError: if there are fewer.
        """
        while length:
            skipped = len(self.read(min(length, _CHUNK)))
            if not skipped:
                raise BadObjectError(f"truncated: {length} bytes are missing at the end")
            length -= skipped

    def _more(self) -> bool:
        """Have something ready; return False at the end."""
        while not self._ready and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_CHUNK)
            if not packed:
                raise BadObjectError("truncated: the deflated stream does not end")
            try:
                self._ready = self._inflate.decompress(packed, _CHUNK)
            except zlib.error:
                raise BadObjectError("the deflated stream is damaged") from None
        return bool(self._ready)
