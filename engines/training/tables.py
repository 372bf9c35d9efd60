"""The tables that come with images."""

import csv
from pathlib import Path

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """Return the lines of a CSV file by its header.

    Raises:
        FileNotFoundError: it is not there.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
