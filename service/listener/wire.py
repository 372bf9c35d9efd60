"""Bytes as they come from a peer, cut into PDUs: PS3.8 9.3. What belongs to a data set is not kept.

No PDU of data is ever held as a whole: its values go on as they come, in pieces of the one buffer
that a connection has. Knows nothing of sockets, and ends on any input.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Protocol

P_DATA_TF = 4
KINDS = range(1, 8)
LONGEST_OTHER = 1 << 20
"""Bytes of the longest PDU that is no data, and of a value that is no part of a data set."""
_SMALL, _LARGE = 1 << 13, 1 << 18
"""Bytes of the buffer before and after a data set came."""
_HEAD = Struct(">BxL")
_VALUE_HEAD = Struct(">LBB")
_COMMAND, _LAST = 1, 2
"""Bits of the message control header: PS3.8 E.2."""


class BrokenPduError(Exception):
    """What came is no PDU, or one that must not come; the message says how."""


class Sink(Protocol):
    """What takes the values of P-DATA."""

    def streams(self) -> bool:
        """Tell whether the fragments that come now are of a data set that goes to `data`."""
        ...

    def data(self, pieces: Sequence[memoryview]) -> None:
        """Take the next bytes of that data set; they are others when this returns."""
        ...

    def value(self, context_id: int, value: bytes) -> None:
        """Take a whole value, its message control header first."""
        ...


class Wire:
    """The stream of one connection, in which data of PDUs up to `longest` bytes may come."""

    def __init__(self, longest: int) -> None:
        self.wants_more = True
        """Whether nothing can be taken before more bytes come."""
        self._longest = longest
        self._buffer = bytearray(_SMALL)
        self._start = self._end = 0
        self._needed = 0
        """Bytes that the buffer must hold before anything goes on."""
        self._pdu = 0
        """Bytes that are left of the P-DATA-TF."""
        self._value: int | None = None
        """Bytes that are left of the value that goes on as it comes."""
        self._context = self._control = 0

    @property
    def goes_on(self) -> bool:
        """Whether a value has begun that goes on as it comes."""
        return self._value is not None

    def room(self) -> memoryview:
        """Return where the next bytes are to be written."""
        held = self._end - self._start
        if held == 0 or len(self._buffer) - self._start < max(self._needed, held + 1024):
            self._compact(max(self._needed, held + 1024))
        return memoryview(self._buffer)[self._end :]

    def came(self, number: int) -> None:
        """Take note that so many bytes were written there."""
        self._end += number
        self.wants_more = False

    def advance(self, sink: Sink, *, established: bool) -> bytes | None:
        """Hand on what came; return the next PDU that is no data, None if more bytes are wanted.

        Without an association data are a PDU like others.

        Raises:
            BrokenPduError: if the peer does not keep to the standard; nothing may follow.
        """
        pieces: list[memoryview] = []
        while True:
            if self._value is not None:
                goes_on = self._take_piece(pieces)
                if goes_on and self._control & _LAST:
                    _hand_on(sink, pieces)
                    sink.value(self._context, bytes((self._control,)))
            elif self._pdu:
                goes_on = self._take_value(sink, pieces)
            elif self._is_data(established=established):
                goes_on = self._begin_data()
            else:
                _hand_on(sink, pieces)
                return self._take_other()
            if not goes_on:
                _hand_on(sink, pieces)
                self.wants_more = True
                return None

    def _compact(self, wanted: int) -> None:
        held = self._buffer[self._start : self._end]
        least = _SMALL if self._value is None else _LARGE
        if len(self._buffer) < max(wanted, least):
            self._buffer = bytearray(max(wanted, least))
        self._buffer[: len(held)] = held
        self._start, self._end = 0, len(held)

    def _take_piece(self, pieces: list[memoryview]) -> bool:
        """Add what is there of a value; return whether that was the rest of it."""
        left = self._value or 0
        taken = min(left, self._end - self._start)
        if taken:
            pieces.append(memoryview(self._buffer)[self._start : self._start + taken])
            self._start += taken
        self._value = None if taken == left else left - taken
        return taken == left

    def _take_value(self, sink: Sink, pieces: list[memoryview]) -> bool:
        """Begin a value that goes on as it comes, or take one whole; return whether it is there."""
        if not self._holds(_VALUE_HEAD.size):
            return False
        length, context, control = _VALUE_HEAD.unpack_from(self._buffer, self._start)
        if length < 2 or length + 4 > self._pdu:  # noqa: PLR2004 - PS3.8 Table 9-23
            raise BrokenPduError("the length of a value does not fit its PDU")
        if not control & _COMMAND and sink.streams():
            self._start += _VALUE_HEAD.size
            self._context, self._control, self._value = context, control, length - 2
        else:
            if length > LONGEST_OTHER:
                raise BrokenPduError(f"a value of {length} bytes")
            if not self._holds(length + 4):
                return False
            end = self._start + 4 + length
            value = bytes(memoryview(self._buffer)[self._start + 5 : end])
            self._start = end
            _hand_on(sink, pieces)
            sink.value(context, value)
        self._pdu -= length + 4
        return True

    def _is_data(self, *, established: bool) -> bool:
        return established and self._start < self._end and self._buffer[self._start] == P_DATA_TF

    def _begin_data(self) -> bool:
        if not self._holds(_HEAD.size):
            return False
        _, length = _HEAD.unpack_from(self._buffer, self._start)
        if not 0 < length <= max(self._longest, LONGEST_OTHER):
            raise BrokenPduError(f"the peer announces a PDU of {length} bytes")
        self._start += _HEAD.size
        self._pdu = length
        return True

    def _take_other(self) -> bytes | None:
        if not self._holds(_HEAD.size):
            self.wants_more = True
            return None
        kind, length = _HEAD.unpack_from(self._buffer, self._start)
        if kind not in KINDS:
            raise BrokenPduError(f"no PDU has type {kind:02X}H")
        if length > LONGEST_OTHER:
            raise BrokenPduError(f"the peer announces a PDU of {length} bytes")
        if not self._holds(_HEAD.size + length):
            self.wants_more = True
            return None
        end = self._start + _HEAD.size + length
        whole = bytes(memoryview(self._buffer)[self._start : end])
        self._start = end
        return whole

    def _holds(self, number: int) -> bool:
        self._needed = number
        return self._end - self._start >= number


def data_of(context_id: int, control: int, value: bytes) -> bytes:
    """Return a P-DATA-TF PDU with that one value: PS3.8 Table 9-22 and E.2."""
    size = len(value) + 2
    return b"".join(
        (_HEAD.pack(P_DATA_TF, size + 4), _VALUE_HEAD.pack(size, context_id, control), value)
    )


def _hand_on(sink: Sink, pieces: list[memoryview]) -> None:
    if pieces:
        sink.data(pieces)
        pieces.clear()
