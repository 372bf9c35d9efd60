"""Films of mini-MIAS (or of a set laid out like it): whose they are and what part they are in."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engines.training.splits import Split, by_patient
from engines.training.tables import rows

MIAS, INBREAST = "mammo/mias", "mammo/inbreast"
"""Folders of the data: labels.csv, images/, masks.csv, masks/."""

GRAVITY = {"normal": 0, "benign": 1, "malignant": 2}


@dataclass(frozen=True, slots=True)
class Film:
    """An image and whose it is."""

    patient: str
    image: Path


def films(folder: Path) -> list[Film]:
    """Return the films of a set by name.

    Raises:
        FileNotFoundError: it has no table.
    """
    patients = {row["image"]: row["patient"] for row in rows(folder / "labels.csv")}
    return [Film(patient, folder / image) for image, patient in sorted(patients.items())]


def split(folder: Path) -> Split:
    """Return the split of the patients of a set, by worst finding and by whether it is outlined.

    Raises:
        FileNotFoundError: it has no table.
    """
    strata = {one.patient: "0" for one in films(folder)}
    for row in rows(folder / "labels.csv"):
        strata[row["patient"]] = max(strata[row["patient"]], str(GRAVITY.get(row["severity"], 0)))
    for patient in _outlined(folder):
        strata[patient] += " outlined"
    return by_patient(strata)


def _outlined(folder: Path) -> Iterable[str]:
    """Return the patients with an outline that is fit to be judged by."""
    path = folder / "masks.csv"
    return {row["patient"] for row in rows(path) if is_sound(row)} if path.exists() else ()


def is_sound(row: dict[str, str]) -> bool:
    """Return whether an outline is of the annotated mass, as far as is known."""
    return row.get("quality", "ok") == "ok"
