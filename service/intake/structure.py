"""Whether the bytes of a data set hold together, and what a few of its values are: PS3.5 section 7.

This is the only parser that meets bytes straight from the network. It loads no values but the few
that were asked for, takes constant memory, and ends on any input.
"""

import struct
from collections.abc import Collection, Mapping

from pydicom.uid import UID

from service.errors import BadObjectError
from service.intake.source import File, Inflated, Plain, Source

DEEPEST = 32
"""Levels of sequences within sequences."""
MOST_ELEMENTS = 2_000_000
LONGEST_VALUE = 1024
"""Bytes of a value that is worth returning."""

_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""PS3.5 Table 7.1-2: these have a length of 16 bits, all others of 32."""
_ITEM = 0xFFFEE000
_ITEM_DELIMITER = 0xFFFEE00D
_SEQUENCE_DELIMITER = 0xFFFEE0DD
_DELIMITERS = {_ITEM_DELIMITER, _SEQUENCE_DELIMITER}
_PIXEL_DATA = 0x7FE00010
_UNDEFINED = 0xFFFFFFFF
FILE_META = 0x0002

TagPath = tuple[int, ...]
"""The tags of the sequences around an element, then its own."""


def read_values(
    file: File,
    size: int,
    transfer_syntax: UID,
    wanted: Collection[TagPath],
    barred_group: int | None = FILE_META,
    *,
    several: Collection[TagPath] = (),
) -> Mapping[TagPath, str]:
    """Return the texts at `wanted`, having walked the whole data set to its end.

    `file` stands at the first byte of the data set and ends `size` bytes later. Of a sequence's
    items the first that has the element counts, but those of `several` are all told, with a
    backslash between them; what is absent is absent. Elements of
    `barred_group` have no place in a data set: PS3.5 7.1.

    Raises:
        BadObjectError: if the data set does not hold together; the message says how.
    """
    source = Inflated(file) if transfer_syntax.is_deflated else Plain(file, size)
    order = "<" if transfer_syntax.is_little_endian else ">"
    walk = _Walk(source, (wanted, several), order, barred_group)
    walk.elements((), implicit=transfer_syntax.is_implicit_VR)
    return walk.found


class _Walk:
    """One way through a data set, element by element."""

    def __init__(
        self,
        source: Source,
        asked: tuple[Collection[TagPath], Collection[TagPath]],
        order: str,
        barred: int | None,
    ) -> None:
        wanted, several = asked
        self.found: dict[TagPath, str] = {}
        self._source = source
        self._barred = barred
        self._wanted = frozenset(wanted)
        self._several = frozenset(several)
        self._inside = {path[:depth] for path in wanted for depth in range(1, len(path))}
        self._tag = struct.Struct(f"{order}HH")
        self._length16 = struct.Struct(f"{order}H")
        self._length32 = struct.Struct(f"{order}L")
        self._elements = 0

    def elements(self, path: TagPath, *, implicit: bool, end: int | None = None) -> None:
        """Walk a data set up to `end`; without one up to its delimiter, or to the end of all."""
        while end is None or self._source.position < end:
            tag = self._next_tag(at_top=not path)
            if tag is None:
                return
            if tag in _DELIMITERS:
                self._take(4)
                if path and end is None:
                    return
                continue  # a stray one; some senders write them at the end
            if tag >> 16 == self._barred:
                raise BadObjectError(f"elements of group {self._barred:04X} within the data set")
            self._element((*path, tag), implicit=implicit)
        if self._source.position > end:
            raise BadObjectError("an element reaches beyond the item it is in")

    def _element(self, path: TagPath, *, implicit: bool) -> None:
        vr, length = self._vr_and_length(implicit=implicit)
        if length == _UNDEFINED:
            if path[-1] == _PIXEL_DATA or vr in {b"OB", b"OW"}:
                self._fragments()
            else:  # PS3.5 6.2.2: UN of undefined length is a sequence in Implicit VR
                self._items(path, implicit=implicit or vr == b"UN")
        elif path in self._inside and vr in {b"SQ", b""}:
            self._items(path, implicit=implicit, end=self._source.position + length)
        elif path in self._wanted and length <= LONGEST_VALUE:
            value = self._take(length).decode("ascii", "replace")
            self._note(path, value.split("\\")[0].strip(" \0"))
        else:
            self._source.skip(length)

    def _note(self, path: TagPath, value: str) -> None:
        if path in self._several and len(self.found.get(path, "")) < LONGEST_VALUE:
            self.found[path] = "\\".join(filter(None, [self.found.get(path), value]))
        else:
            self.found.setdefault(path, value)

    def _items(self, path: TagPath, *, implicit: bool, end: int | None = None) -> None:
        """Walk the items of a sequence: PS3.5 7.5."""
        if len(path) > DEEPEST:
            raise BadObjectError(f"sequences are nested more than {DEEPEST} deep")
        while end is None or self._source.position < end:
            tag = self._next_tag()
            (length,) = self._length32.unpack(self._take(4))
            if tag == _SEQUENCE_DELIMITER:
                return
            if tag != _ITEM:
                raise BadObjectError("a sequence holds something that is no item")
            stop = None if length == _UNDEFINED else self._source.position + length
            self.elements(path, implicit=implicit, end=stop)

    def _fragments(self) -> None:
        """Walk encapsulated pixel data: PS3.5 A.4."""
        while True:
            tag = self._next_tag()
            (length,) = self._length32.unpack(self._take(4))
            if tag == _SEQUENCE_DELIMITER:
                return
            if tag != _ITEM or length == _UNDEFINED:
                raise BadObjectError("the pixel data hold something that is no fragment")
            self._source.skip(length)

    def _next_tag(self, *, at_top: bool = False) -> int | None:
        """Return the next tag; None at the end of all, where it may end."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise BadObjectError(f"more than {MOST_ELEMENTS} elements")
        start = self._source.read(4)
        if at_top and not start.strip(b"\0") and len(start) < 4:  # noqa: PLR2004 - a tag's length
            return None
        if len(start) < self._tag.size:
            raise BadObjectError("truncated: the data set ends within an element")
        group, element = self._tag.unpack(start)
        return int(group) << 16 | int(element)

    def _vr_and_length(self, *, implicit: bool) -> tuple[bytes, int]:
        """Return VR and length; the VR is empty where none is written: PS3.5 7.1."""
        start = self._take(4)
        vr = start[:2]
        if implicit or not (vr.isalpha() and vr.isupper()):
            return b"", int(self._length32.unpack(start)[0])
        if vr in _SHORT:
            return vr, int(self._length16.unpack(start[2:])[0])
        return vr, int(self._length32.unpack(self._take(4))[0])

    def _take(self, length: int) -> bytes:
        found = self._source.read(length)
        if len(found) < length:
            raise BadObjectError("truncated: the data set ends within an element")
        return found
