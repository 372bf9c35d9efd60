"""Which patients are learned from, which choose the epoch, and which are only judged on.

One split for every task: what a network was pre-trained on is never what another is judged on.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

Part = Literal["train", "validation", "test"]

SEED = 20261128

PERIOD = 20
"""Patients are dealt out by twenties, whatever their number."""

HELD: Mapping[int, Part] = {
    0: "validation", 1: "test", 7: "validation", 8: "test", 13: "validation", 14: "test",
}  # fmt: skip
"""Whom of each twenty is not learned from: 15 % to validation and 15 % to the test."""

LEAKY: tuple[Part, ...] = (*("train",) * 8, "validation", "test")
"""80, 10 and 10 % of images (Jimenez-Gaona 2024)."""


class OfPatient(Protocol):
    """Something that is of a patient."""

    @property
    def patient(self) -> str:
        """An identifier."""


Sample = TypeVar("Sample", bound=OfPatient)


@dataclass(frozen=True, slots=True)
class Split:
    """The part that each patient is in."""

    parts: Mapping[str, Part]

    def of(self, samples: Iterable[Sample], part: Part) -> list[Sample]:
        """Return the samples whose patients are in `part`."""
        return [one for one in samples if self.parts[one.patient] == part]


def by_patient(strata: Mapping[str, str], seed: int = SEED) -> Split:
    """Return the split of patients, each given with what they have in common with others.

    Each stratum is shuffled by `seed`; then all are dealt out in turn, so that each stratum is in
    each part in about its share. The order in which patients are given does not matter.
    """
    ordered = sorted(strata, key=lambda patient: (strata[patient], _lot(patient, seed)))
    return Split({one: HELD.get(rank % PERIOD, "train") for rank, one in enumerate(ordered)})


def leaky(images: Iterable[str], seed: int = SEED) -> Split:
    """Return the split of images, whoever's they are, 80, 10 and 10 %: for comparison only.

    Jimenez-Gaona 2024 augments first and splits then: variants of one region are on both sides.
    """
    ordered = sorted(set(images), key=lambda image: _lot(image, seed))
    return Split({one: LEAKY[rank % len(LEAKY)] for rank, one in enumerate(ordered)})


def write_split(path: Path, splits: Mapping[str, Split]) -> None:
    """Write a line for each patient of each set: set, patient, part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["set", "patient", "part"])
        for name, split in splits.items():
            writer.writerows([name, *pair] for pair in sorted(split.parts.items()))


def _lot(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
