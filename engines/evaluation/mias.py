"""Films of mini-MIAS (Suckling 1994) and what is known to be on them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.evaluation.froc import Truth

FOLDER = "mammo/mias"

SPACING = 0.2
"""Of its pixels, in mm."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """What is annotated: where, if that is known; its outline, if somebody drew it.

    `kind` is the class of abnormality: CALC, CIRC, SPIC, MISC, ARCH or ASYM.
    """

    circle: Truth | None
    is_mass: bool
    is_malignant: bool
    outline: Path | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """A film, whose it is, and its lesions: none on a normal one.

    `tissue` is F (fatty), G (fatty-glandular) or D (dense-glandular).
    """

    path: Path
    patient: str
    lesions: tuple[Lesion, ...]
    tissue: str = ""

    @property
    def is_placed(self) -> bool:
        """Whether the place of every lesion is known, so that a mark elsewhere is false."""
        return all(lesion.circle for lesion in self.lesions)


def films(folder: Path) -> list[Film]:
    """Return the films of `folder` (images/, labels.csv; masks/ and masks.csv if there), by name.

    Raises:
        OSError: there are none.
        ValueError: a table lacks a column, or holds what is no number.
    """
    outlines = _outlines(folder)
    lesions: dict[str, list[Lesion]] = {}
    patients, tissues = {}, {}
    for row in _rows(folder / "labels.csv"):
        name = row["image"]
        patients[name] = row["patient"]
        tissues[name] = row.get("tissue", "")
        here = lesions.setdefault(name, [])
        if row["severity"] != "normal":
            here.append(_lesion(row, outlines.get((name, row["lesion_index"]))))
    return [
        Film(folder / name, patients[name], tuple(found), tissues[name])
        for name, found in sorted(lesions.items())
    ]


def _lesion(row: Mapping[str, str], outline: Path | None) -> Lesion:
    place = [row[column] for column in ("x_px", "y_px", "radius_px")]
    circle = Truth(*map(float, place)) if all(place) else None
    is_malignant = row["severity"] == "malignant"
    kind = row.get("abnormality", "")
    return Lesion(circle, row["is_mass"] == "1", is_malignant, outline, kind)


def _outlines(folder: Path) -> dict[tuple[str, str], Path]:
    """Return the outline of each lesion, by image and index, that is not doubtful."""
    table = folder / "masks.csv"
    if not table.exists():
        return {}
    return {
        (row["image"], row["lesion_index"]): folder / row["mask"]
        for row in _rows(table)
        if row["quality"] == "ok"
    }


class _Row(dict[str, str]):
    """A row of a table."""

    def __missing__(self, column: str) -> str:
        raise ValueError(f"no column {column}")


def _rows(path: Path) -> Sequence[Mapping[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [_Row(row) for row in csv.DictReader(file)]
