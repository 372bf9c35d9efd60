"""The table of INbreast, and what its images are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.datasets.finding import files_under, only
from service.datasets.origins import INBREAST
from service.datasets.tables import read_table

COLUMNS = ("Laterality", "View", "File Name", "ACR", "Bi-Rads")
TABLES = ("inbreast.csv", "inbreast.xls")
BENIGN_AT_MOST = 3
"""The highest BI-RADS category that counts as benign, as in the literature on this set."""

TISSUES = {"1": "F", "2": "G", "3": "D", "4": "D"}
"""ACR density in the words of mini-MIAS: fatty, fatty-glandular, dense."""

FILE = re.compile(
    r"(?P<name>[0-9]+)_(?P<patient>[0-9a-z]+)_MG_(?P<side>[LR])_(?P<view>[A-Z]{2,3})_ANON\.dcm",
    re.IGNORECASE,
)
VIEWS = {"ML": "MLO"}
"""Names of files shorten it; all obliques of the set are MLO."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the table says of an image."""

    name: str
    side: str
    view: str
    acr: str
    birads: str

    @property
    def category(self) -> int | None:
        """The BI-RADS category without its letter; nothing where none is given."""
        return int(self.birads[0]) if re.fullmatch(r"[1-6][abc]?", self.birads) else None

    @property
    def severity(self) -> str:
        """Malignant where the category is above 3, else benign; empty without one."""
        if self.category is None:
            return ""
        return "malignant" if self.category > BENIGN_AT_MOST else "benign"

    @property
    def tissue(self) -> str:
        """The density in the words of mini-MIAS; empty where none is given."""
        return TISSUES.get(self.acr, "")


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of an image says."""

    name: str
    patient: str
    side: str
    view: str


def cases(source: Path) -> tuple[Path, Mapping[str, Case]]:
    """Return the table below `source`, and what it says of each image by its name.

    Raises:
        OSError: it cannot be read.
        ValueError: there is none, or it is broken.
    """
    for name in TABLES:
        paths = files_under(source, lambda other: other.lower() == name)  # noqa: B023 - used at once
        if paths:
            break
    else:
        raise ValueError(INBREAST.lacks("no INbreast.csv", source))
    path = only(paths)
    found: dict[str, Case] = {}
    for number, row in enumerate(read_table(path, COLUMNS).rows, 2):
        name = row["filename"].removesuffix(".0")  # as spreadsheets save it
        if not name:
            continue
        if not re.fullmatch(r"[0-9]{1,12}", name):
            raise ValueError(f"{path}: row {number}: {name!r} is no name of an image")
        case = Case(name, row["laterality"].upper(), row["view"].upper(), row["acr"], _birads(row))
        if found.setdefault(name, case) != case:
            raise ValueError(f"{path}: row {number}: {name} is there twice, with other values")
    return path, found


def _birads(row: Mapping[str, str]) -> str:
    return row["birads"].lower().removesuffix(".0")


def file_name(path: Path) -> FileName | None:
    """Return what the name of a file says, nothing if it is not of an image of INbreast."""
    match = FILE.fullmatch(path.name)
    if match is None:
        return None
    view = match["view"].upper()
    return FileName(
        match["name"], match["patient"].lower(), match["side"].upper(), VIEWS.get(view, view)
    )
