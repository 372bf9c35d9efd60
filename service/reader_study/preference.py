"""Table 2 of Honjo 2022: how often each score was given, by criterion and reader."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from service.reader_study.counts import Counts, counted
from service.reader_study.criteria import BY_KEY, CRITERIA, SCORES
from service.reader_study.rows import Cells, checked
from service.reader_study.scores import Scored
from service.reader_study.tables import NOTHING, Cell, Table, said_p

NUMBERS = frozenset(str(score) for score in SCORES)


class CountsRow(BaseModel):
    """A row of counts: ``criterion,reader,n1,n2,n3,n4,n5,not_readable``.

    ``mean`` and ``p`` may stand there too, as in a published table: they are computed anew.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    criterion: str
    reader: str
    n1: int = Field(ge=0)
    n2: int = Field(ge=0)
    n3: int = Field(ge=0)
    n4: int = Field(ge=0)
    n5: int = Field(ge=0)
    not_readable: int = Field(default=0, ge=0)
    mean: str = ""
    p: str = ""


def counts_from(path: Path, cells: Sequence[Cells]) -> list[Counts]:
    """Return the counts that the rows of a CSV file tell; its columns may be called 1 to 5.

    Raises:
        BadConfigurationError: a column is unknown or missing, or a value is no count.
    """
    rows = checked(path, CountsRow, [_renamed(one) for one in cells])
    return [
        Counts(
            row.criterion, row.reader, (row.n1, row.n2, row.n3, row.n4, row.n5), row.not_readable
        )
        for row in rows
    ]


def counts_of(answers: Mapping[str, Sequence[Scored]]) -> Iterator[Counts]:
    """Yield how each reader, by name, scored each criterion, in the order of the paper."""
    for criterion in CRITERIA:
        for reader, given in answers.items():
            scores = [one.score for one in given if one.criterion == criterion.key]
            if scores:
                yield counted(criterion.key, reader, scores)


def table(rows: Iterable[Counts]) -> Table:
    """Return the table."""
    found = list(rows)
    scores = tuple(str(score) for score in SCORES)
    return Table(
        "criteria",
        "Preference by criterion and reader",
        ("criterion", "reader", *scores, "not readable", "mean", "p"),
        tuple(_said(row) for row in found),
        (
            *("criterion", "reader", *(f"n{score}" for score in SCORES), "not_readable"),
            *("mean", "p", "stars"),
        ),
        tuple(_values(row) for row in found),
    )


def _renamed(cells: Cells) -> Cells:
    return {f"n{name}" if name in NUMBERS else name: cell for name, cell in cells.items()}


def _said(row: Counts) -> tuple[str, ...]:
    known = BY_KEY.get(row.criterion)
    name = known.name if known else row.criterion
    mean = NOTHING if row.mean is None else str(row.mean)
    return (name, row.reader, *map(str, row.given), str(row.not_readable), mean, said_p(row.p))


def _values(row: Counts) -> tuple[Cell, ...]:
    mean = None if row.mean is None else float(row.mean)
    return (row.criterion, row.reader, *row.given, row.not_readable, mean, row.p, row.stars)
