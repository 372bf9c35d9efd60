"""The tables of CBIS-DDSM: what is known of each abnormality, and where its files should be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.datasets.finding import files_under, only
from service.datasets.tables import read_table

FOLDERS = re.compile(
    r"(?:Mass|Calc)-(?:Training|Test)_P_[0-9]{5}_(?:LEFT|RIGHT)_(?:CC|MLO)(?:_[0-9]{1,2})?"
)
"""The Patient ID of a film, or with a number at its end of an abnormality; names its folder too."""

LABELS = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign"}
SHARED = (
    "patient_id",
    "breast density",
    "left or right breast",
    "image view",
    "abnormality id",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "ROI mask file path",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Masses or calcifications: they have tables and folders of their own."""

    word: str
    """In the names of folders."""
    form: str
    """The column of their shape or type."""
    edge: str
    """The column of their margins or distribution."""
    folder: str
    """That they are prepared in."""

    def table(self, split: str) -> str:
        """Return the official name of a table."""
        return f"{self.word.lower()}_case_description_{split}_set.csv"


KINDS = (
    Kind("Mass", "mass shape", "mass margins", "mammo/cbis_mass"),
    Kind("Calc", "calc type", "calc distribution", "mammo/cbis_calc"),
)
SPLITS = {"train": "Training", "test": "Test"}


@dataclass(frozen=True, slots=True)
class Abnormality:
    """A row of a table; the names are those of the folders that its files may be in."""

    patient: str
    side: str
    view: str
    number: int
    split: str
    pathology: str
    shape: str
    margins: str
    assessment: str
    subtlety: str
    density: str
    films: tuple[str, ...]
    masks: tuple[str, ...]

    @property
    def film(self) -> str:
        """The name of its film."""
        return self.films[0]


def abnormalities(source: Path, kind: Kind) -> tuple[list[Abnormality], list[str]]:
    """Return the rows of the tables of a kind, and which of the tables are not there.

    Raises:
        OSError: a table cannot be read.
        ValueError: a table is broken, or lacks a column.
    """
    found: dict[Abnormality, None] = {}
    missing = []
    for split in SPLITS:
        name = kind.table(split)
        paths = files_under(source, partial(_is_named, name))
        if not paths:
            missing.append(name)
            continue
        path = only(paths)
        for number, row in enumerate(read_table(path, (*SHARED, kind.form, kind.edge)).rows, 2):
            found[_abnormality(row, kind, split, f"{path}: row {number}")] = None
    return list(found), missing


def _is_named(name: str, other: str) -> bool:
    return other.lower() == name


def _abnormality(row: Mapping[str, str], kind: Kind, split: str, place: str) -> Abnormality:
    patient, side, view = row["patientid"], row["leftorrightbreast"], row["imageview"]
    number, pathology = row["abnormalityid"], row["pathology"]
    film = f"{kind.word}-{SPLITS[split]}_{patient}_{side}_{view}"
    mask = f"{film}_{number}"
    if not FOLDERS.fullmatch(mask):
        raise ValueError(f"{place}: {mask!r} names no abnormality of CBIS-DDSM")
    if pathology not in LABELS:
        raise ValueError(f"{place}: pathology {pathology!r}; there is {', '.join(LABELS)}")
    return Abnormality(
        patient,
        side,
        view,
        int(number),
        split,
        pathology,
        row[kind.form.replace(" ", "")],
        row[kind.edge.replace(" ", "")],
        row["assessment"],
        row["subtlety"],
        row["breastdensity"],
        (film, *_stated(row["imagefilepath"], film)),
        (mask, *_stated(row["roimaskfilepath"], mask)),
    )


def _stated(path: str, usual: str) -> tuple[str, ...]:
    """Return the folder that a path of the table names, if it names another than is usual.

    The rest of these paths is stale: files were renamed, and many lines are broken.
    """
    folder = re.split(r"[/\\]", re.sub(r"\s", "", path))[0]
    return (folder,) if folder != usual and FOLDERS.fullmatch(folder) else ()
