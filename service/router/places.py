"""Where in the text of a TOML file its keys and values stand.

`tomllib` says what is written, not where. This finds it again in a text that `tomllib` understands.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Location = tuple[str | int, ...]
"""Of a key or an element, as pydantic says it."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a text, counted from 1."""

    line: int
    column: int


def places(text: str) -> Mapping[Location, Place]:
    """Return where each key of `text`, table and element of an array begins; it is valid TOML."""
    scan = _Scan(text)
    scan.document()
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return dict(_counted(scan.offsets, starts))


def place_of(found: Mapping[Location, Place], location: Location) -> Place:
    """Return the place of `location`, or of the innermost table around it that is written down."""
    while location and location not in found:
        location = location[:-1]
    return found.get(location, Place(1, 1))


def place_of_syntax(error: tomllib.TOMLDecodeError, text: str) -> Place:
    """Return where `text` is no TOML."""
    found = re.search(r"at line (\d+), column (\d+)", str(error))
    if found:
        return Place(int(found[1]), int(found[2]))
    lines = text.splitlines() or [""]
    return Place(len(lines), len(lines[-1]) + 1)


def _counted(
    offsets: Mapping[Location, int], starts: list[int]
) -> Iterator[tuple[Location, Place]]:
    for location, offset in offsets.items():
        line = bisect_right(starts, offset)
        yield location, Place(line, offset - starts[line - 1] + 1)


_STRINGS = (
    r'"""(?:\\.|(?!""").)*"""(?:""|")?',
    r"'''(?:(?!''').)*'''(?:''|')?",
    r'"(?:\\.|[^"\\])*"',
    r"'[^']*'",
)
_VALUE = re.compile("|".join([*_STRINGS, r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?"]), re.DOTALL)
_KEY = re.compile("|".join([*_STRINGS[2:], r"[A-Za-z0-9_-]+"]))
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")


@dataclass(slots=True)
class _Scan:
    """A walk through the text, from its beginning to its end."""

    text: str
    at: int = 0
    offsets: dict[Location, int] = field(default_factory=dict)
    arrays: dict[Location, int] = field(default_factory=dict)
    """How many tables there are by now in each array of tables."""

    def document(self) -> None:
        """Walk through tables, one after the other."""
        table: Location = ()
        self._blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._entry(table)
            self._blank()

    def _header(self) -> Location:
        start = self.at
        brackets = 2 if self.text.startswith("[[", start) else 1
        self.at += brackets
        self._blank()
        keys = [key for key, _ in self._keys()]
        self._blank()
        self.at += brackets
        *outer, last = keys
        location = (*self._resolved(outer), last)
        for end in range(1, len(location) + 1):
            self.offsets.setdefault(location[:end], start)
        if brackets == 1:
            return location
        self.arrays[location] = self.arrays.get(location, 0) + 1
        location = (*location, self.arrays[location] - 1)
        self.offsets[location] = start
        return location

    def _resolved(self, keys: list[str]) -> Location:
        """Return the location of `keys`: an array of tables stands for its last one."""
        location: Location = ()
        for key in keys:
            location = (*location, key)
            if location in self.arrays:
                location = (*location, self.arrays[location] - 1)
        return location

    def _entry(self, table: Location) -> None:
        """Walk over a key and its value."""
        location = table
        for key, offset in self._keys():
            location = (*location, key)
            self.offsets.setdefault(location, offset)
        self._blank()
        self.at += 1  # the equals sign
        self._value(location)

    def _keys(self) -> Iterator[tuple[str, int]]:
        """Walk over the parts of a key with dots; yield each with its offset."""
        while True:
            found = self._over(_KEY)
            yield _plain(found[0]), found.start()
            if not _DOT.match(self.text, self.at):
                return
            self._over(_DOT)

    def _value(self, location: Location) -> None:
        self._blank()
        opening = self.text[self.at]
        if opening not in "[{":
            self._over(_VALUE)
            return
        self.at += 1
        self._blank()
        number = 0
        while self.text[self.at] not in "]}":
            if opening == "{":
                self._entry(location)
            else:
                self.offsets[(*location, number)] = self.at
                self._value((*location, number))
                number += 1
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._blank()
        if self.text[self.at] == ",":
            self.at += 1
            self._blank()

    def _blank(self) -> None:
        self._over(_BLANK)

    def _over(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"no TOML at offset {self.at}")
        self.at = found.end()
        return found


def _plain(key: str) -> str:
    """Return a key as it is meant, which may be written in quotes."""
    return str(next(iter(tomllib.loads(f"{key} = 0")))) if key[0] in "\"'" else key
