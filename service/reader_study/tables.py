"""Tables as people read them (Markdown) and as programs do (CSV)."""

import csv
from dataclasses import dataclass
from io import StringIO

from service.reader_study.counts import stars_of

Cell = str | int | float | None
LEAST_P = 0.001
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns: as they are said, and as they are."""

    name: str
    title: str
    columns: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    values: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """Return it under its title; a bar in a cell stands for itself."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.said]
        rows = [f"| {' | '.join(_cell(one) for one in line)} |" for line in lines]
        return "\n".join([f"## {self.title}", "", *rows])

    def csv(self) -> str:
        """Return its values; what there is not is empty."""
        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.fields)
        writer.writerows(self.values)
        return out.getvalue()

    def records(self) -> list[dict[str, Cell]]:
        """Return its values by field."""
        return [dict(zip(self.fields, row, strict=True)) for row in self.values]


def said_p(p: float | None) -> str:
    """Return p as journals print it, with its stars."""
    if p is None:
        return NOTHING
    number = "< .001" if p < LEAST_P else f"{p:.3f}".removeprefix("0")
    return " ".join(one for one in (number, stars_of(p)) if one)


def said_mean(mean: float | None, deviation: float | None) -> str:
    """Return a mean and its standard deviation to two decimals; one value has none."""
    if mean is None:
        return NOTHING
    return f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
