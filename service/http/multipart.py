"""A multipart body, taken apart as it comes, in whatever pieces: RFC 2046 section 5.1.

Pure: bytes go in, what they mean comes out. It holds one chunk, or one line of headers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from service.errors import BadObjectError

LONGEST_BOUNDARY = 200
"""RFC 2046 has 70, but Orthanc writes 73."""
LONGEST_HEADERS = 16 << 10
"""Bytes of the headers of one part."""
LONGEST_PADDING = 256
"""Blanks behind a boundary."""
LONGEST_PREAMBLE = 64 << 10


@dataclass(frozen=True, slots=True)
class Begin:
    """A part begins."""

    headers: Mapping[str, str]
    """By name in small letters."""


@dataclass(frozen=True, slots=True)
class End:
    """The part is whole."""


Event = Begin | bytes | End
"""Bytes are the next piece of the part that began last."""


class _State(Enum):
    PREAMBLE = auto()
    BOUNDARY = auto()
    """Right behind a boundary: another part, or the end."""
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class Multipart:
    """One body."""

    def __init__(self, boundary: str) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._held = bytearray(b"\r\n")  # the first boundary may begin the body
        self._state = _State.PREAMBLE
        self._preamble = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what `chunk` completes.

        Raises:
            BadObjectError: if it is no multipart body.
        """
        self._held += chunk
        before = None
        while self._state is not before:
            before = self._state
            yield from self._step()

    def finish(self) -> None:
        """The body ends here.

        Raises:
            BadObjectError: if it should not.
        """
        if self._state is not _State.EPILOGUE:
            raise BadObjectError("the multipart body ends before its last boundary")

    def _step(self) -> Iterator[Event]:
        if self._state in {_State.PREAMBLE, _State.BODY}:
            yield from self._up_to_the_boundary()
        elif self._state is _State.BOUNDARY:
            self._behind_the_boundary()
        elif self._state is _State.HEADERS:
            yield from self._headers()
        else:
            self._held.clear()

    def _up_to_the_boundary(self) -> Iterator[Event]:
        found = self._held.find(self._delimiter)
        sure = found if found >= 0 else max(0, len(self._held) - len(self._delimiter) + 1)
        in_body = self._state is _State.BODY
        if sure and in_body:
            yield bytes(self._held[:sure])
        if not in_body:
            self._preamble += sure
            if self._preamble > LONGEST_PREAMBLE:
                raise BadObjectError("the multipart body does not begin with its boundary")
        del self._held[:sure]
        if found >= 0:
            del self._held[: len(self._delimiter)]
            self._state = _State.BOUNDARY
            if in_body:
                yield End()

    def _behind_the_boundary(self) -> None:
        if self._held.startswith(b"--"):
            self._state = _State.EPILOGUE
            return
        line = self._held.find(b"\r\n")
        if line >= 0 and not self._held[:line].strip(b" \t"):
            del self._held[:line]  # the line break stays: headers may be none
            self._state = _State.HEADERS
        elif line >= 0 or len(self._held) > LONGEST_PADDING:
            raise BadObjectError("a boundary of the multipart body is followed by something else")

    def _headers(self) -> Iterator[Event]:
        end = self._held.find(b"\r\n\r\n")
        if end > LONGEST_HEADERS or (end < 0 and len(self._held) > LONGEST_HEADERS):
            raise BadObjectError(f"a part has more than {LONGEST_HEADERS >> 10} KiB of headers")
        if end >= 0:
            yield Begin(_named(bytes(self._held[:end])))
            del self._held[: end + 4]
            self._state = _State.BODY


def _named(lines: bytes) -> Mapping[str, str]:
    """Return header lines by name; what is none is left out."""
    split = [line.partition(":") for line in lines.decode("latin-1").split("\r\n")]
    return MappingProxyType({name.strip().lower(): value.strip() for name, _, value in split if _})
