"""Tables of text: those of the collections, and those that are made of them."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import did_you_mean

LARGEST = 1 << 25
"""Bytes of a table or a text: the largest of the collections has a million."""

SEPARATORS = ";,\t"
OFFICE = b"\xd0\xcf\x11\xe0"
"""With which an Excel file of before 2007 begins; a later one is a zip archive."""

ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was read: each cell without line breaks and blanks around it."""

    path: Path
    rows: tuple[Mapping[str, str], ...]
    """By the name of the column, written plainly."""


def read_text(path: Path) -> str:
    """Return the text in the file at `path`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large, or no UTF-8.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: larger than {LARGEST >> 20} MB, which no table of it is")
    held = path.read_bytes()
    if held.startswith((OFFICE, ZIP)):
        raise ValueError(
            f"{path}: an Excel file; open it and save it as CSV (semicolons, UTF-8) beside it"
        )
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not UTF-8 (byte {error.start}); save it as plain UTF-8 text"
        ) from error


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Return the table at `path`, which has at least `columns`; blank lines are left out.

    Names of columns are compared without case, blanks and signs; the separator is found out.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such table, or lacks a column.
    """
    text = read_text(path)
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(text), delimiter=separator) if any(line)]
    except csv.Error as error:
        raise ValueError(f"{path}: no table: {error}") from error
    if not lines:
        raise ValueError(f"{path}: it is empty")
    header = [name.strip() for name in lines[0]]
    _check(path, header, columns)
    keys = [plain(name) for name in header]
    rows = [dict(zip(keys, map(str.strip, line), strict=False)) for line in lines[1:]]
    short = next((n for n, row in enumerate(rows, 2) if len(row) < len(set(keys))), None)
    if short is not None:
        raise ValueError(f"{path}: row {short} has fewer cells than the header")
    return Table(path, tuple(rows))


def _check(path: Path, header: Sequence[str], columns: Iterable[str]) -> None:
    known = {plain(name) for name in header}
    for column in columns:
        if plain(column) not in known:
            there = ", ".join(header)[:300]
            hint = did_you_mean(column, header)
            raise ValueError(f"{path}: no column {column!r}{hint} (there is {there})")


def plain(name: str) -> str:
    """Return the name of a column without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return a table as CSV; what a row lacks is empty.

    Raises:
        ValueError: a row has what is no column.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
