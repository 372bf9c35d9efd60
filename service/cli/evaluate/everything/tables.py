"""What a report is made of: words, tables and pictures."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engines.evaluation.bootstrap import Interval

Cell: TypeAlias = str | int | float | Interval | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and how many digits its figures have after the point."""

    name: str
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report; `name` is that of its file."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: str = ""

    def markdown(self) -> str:
        """Return it as Markdown, its title above it."""
        lines = [[column.name for column in self.columns], ["---"] * len(self.columns)]
        lines += [
            [told(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{self.title}**\n\n{body}" + (f"\n\n{self.notes}" if self.notes else "")

    def csv(self) -> str:
        """Return it as comma-separated values; an interval takes three columns."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        plain = self.plain()
        writer.writerow(plain[0] if plain else [column.name for column in self.columns])
        writer.writerows(row.values() for row in plain)
        return file.getvalue()

    def plain(self) -> list[dict[str, str | int | float | None]]:
        """Return its rows by column, for machines."""
        spread = {
            n for row in self.rows for n, cell in enumerate(row) if isinstance(cell, Interval)
        }
        return [self._plain_row(row, spread) for row in self.rows]

    def _plain_row(
        self, row: Sequence[Cell], spread: set[int]
    ) -> dict[str, str | int | float | None]:
        made: dict[str, str | int | float | None] = {}
        for number, (cell, column) in enumerate(zip(row, self.columns, strict=True)):
            if isinstance(cell, Interval):
                made[column.name] = cell.value
                made |= {f"{column.name}, low": cell.low, f"{column.name}, high": cell.high}
                continue
            made[column.name] = cell
            if number in spread:
                made |= {f"{column.name}, low": None, f"{column.name}, high": None}
        return made


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a report: its file, relative to the report, and what is to be seen on it."""

    file: str
    says: str

    def markdown(self) -> str:
        """Return it as Markdown, its words under it."""
        return f"![{self.says}]({self.file})\n\n*{self.says}*"


Block: TypeAlias = str | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of a report; `beside` are tables too long for it, that lie beside it."""

    title: str
    blocks: tuple[Block, ...]
    beside: tuple[Table, ...] = ()

    def markdown(self) -> str:
        """Return it as Markdown."""
        blocks = [block if isinstance(block, str) else block.markdown() for block in self.blocks]
        return "\n\n".join([f"## {self.title}", *blocks])

    @property
    def tables(self) -> list[Table]:
        """The tables that it shows."""
        return [block for block in self.blocks if isinstance(block, Table)]


def told(cell: Cell, digits: int) -> str:
    """Return a cell as people read it."""
    if cell is None:
        return "-"
    if isinstance(cell, Interval):
        low, high = (told(end, digits) for end in (cell.low, cell.high))
        return f"{told(cell.value, digits)} ({low} to {high})"
    if isinstance(cell, float):
        return f"{cell:.{digits}f}"
    return str(cell).replace("|", "\\|")


def probability(p: float) -> str:
    """Return a p value as papers print it."""
    return "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)  # noqa: PLR2004
