"""Tables that people write with a spreadsheet: CSV with known columns, each row checked."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from service.errors import BadConfigurationError, did_you_mean

Row = TypeVar("Row", bound=BaseModel)
UNKNOWN = "extra_forbidden"
"""How pydantic calls a column that there is none of."""
Cells = Mapping[str, str]
"""By the name of the column; what is empty is left out."""


def read_cells(path: Path) -> tuple[tuple[str, ...], list[Cells]]:
    """Return the columns of a CSV file, and its rows; ``Not readable`` is ``not_readable``.

    Raises:
        BadConfigurationError: it cannot be read, has no columns, or a row has more than they.
    """
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadConfigurationError(f"{path}: cannot be read as CSV in UTF-8: {error}") from error
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if not lines:
        raise BadConfigurationError(f"{path}: it is empty; its first line names the columns")
    columns = tuple(_column(name) for name in lines[0])
    return columns, [_cells(path, columns, line) for line in lines[1:]]


def checked(path: Path, model: type[Row], rows: Sequence[Cells]) -> list[Row]:
    """Return the rows as `model`.

    Raises:
        BadConfigurationError: a column is unknown or missing, or a value is wrong.
    """
    return [_row(path, model, number, cells) for number, cells in enumerate(rows, start=1)]


def _column(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


def _cells(path: Path, columns: Sequence[str], line: Sequence[str]) -> Cells:
    if len(line) > len(columns):
        raise BadConfigurationError(
            f"{path}: a row has {len(line)} cells under {len(columns)} columns; "
            "quote what holds a comma"
        )
    named = zip(columns, line, strict=False)
    return {name: cell.strip() for name, cell in named if cell.strip()}


def _row(path: Path, model: type[Row], number: int, cells: Cells) -> Row:
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        first = min(found, key=lambda one: one["type"] != UNKNOWN)  # it may be what is missing
        key = ".".join(str(part) for part in first["loc"])
        hint = ""
        if first["type"] == UNKNOWN:
            hint = did_you_mean(key, model.model_fields)
        raise BadConfigurationError(
            f"{path}: row {number}: {key}: {first['msg'].lower()}{hint}"
        ) from None
