"""What a training run keeps on disk."""

import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

LAST, BEST, CURVES = "last.pt", "best.pt", "curves.csv"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to: mean squared errors in units of 0..1, PSNR in dB."""

    number: int
    training: float
    validation: float
    psnr: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run after some epoch."""

    network: dict[str, Any]
    average: dict[str, Any]
    averaged: int
    optimiser: dict[str, Any]
    history: list[Epoch]

    def save(self, folder: Path, *, best: bool) -> None:
        """Keep it as the last one, and as the best one if it is; write the curves."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        kept["history"] = [dataclasses.asdict(epoch) for epoch in self.history]
        for name in [LAST, BEST] if best else [LAST]:
            partial = folder / f"{name}.partial"
            torch.save(kept, partial)
            partial.replace(folder / name)
        write_curves(folder / CURVES, self.history)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the checkpoint kept in `path`."""
        kept = torch.load(path, weights_only=True)
        history = [Epoch(**epoch) for epoch in kept.pop("history")]
        return cls(**kept, history=history)


def write_curves(path: Path, history: list[Epoch]) -> None:
    """Write one line an epoch."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(Epoch)])
        writer.writerows(dataclasses.astuple(epoch) for epoch in history)
