"""Which patients a model may be judged on: those it has not seen.

The file split.csv beside the weights says which part each patient was in when they were trained
(set, patient, part), a set being a folder of the data; where there is none, the split of this
project's recipes holds. Patients who are not listed were not there, and count.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

from engines.card import Card

FILE = "split.csv"

RECIPES = Path(__file__).with_name(FILE)
"""The split of the recipes on the data that this project's weights are trained on."""

TEST = "test"


class OfPatient(Protocol):
    """Something that is of a patient."""

    @property
    def patient(self) -> str:
        """An identifier."""


Sample = TypeVar("Sample", bound=OfPatient)


@dataclass(frozen=True, slots=True)
class Seen:
    """The part that each patient of a set was in: (set, patient)."""

    parts: Mapping[tuple[str, str], str]

    def held_back(self, samples: Iterable[Sample], of_set: str) -> list[Sample]:
        """Return those of the set whose patients were neither learned from nor chosen by."""
        return [one for one in samples if self._counts(of_set, one.patient)]

    def _counts(self, of_set: str, patient: str) -> bool:
        return self.parts.get((of_set, patient), TEST) == TEST


def seen_by(card: Card) -> Seen:
    """Return which patients a model has seen.

    Raises:
        ValueError: the file beside its weights is no such table.
    """
    own = card.folder / FILE
    return read(own if own.exists() else RECIPES)


@cache
def read(path: Path) -> Seen:
    """Return what a table says of patients.

    Raises:
        OSError: it cannot be read.
        ValueError: it has other columns.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        wanted = {"set", "patient", "part"}
        if set(reader.fieldnames or ()) != wanted:
            raise ValueError(f"{path}: wants the columns {', '.join(sorted(wanted))}")
        return Seen({(row["set"], row["patient"]): row["part"] for row in reader})
