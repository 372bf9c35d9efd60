"""What a training run keeps on disk."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from engines.training.curves import Epoch

LAST, BEST = "last.pt", "best.pt"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run after some epoch."""

    network: dict[str, Any]
    average: dict[str, Any]
    averaged: int
    optimiser: dict[str, Any]
    history: list[Epoch]

    def save(self, folder: Path, *, best: bool) -> None:
        """Keep it as the last one, and as the best one if it is."""
        kept = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        kept["history"] = [dataclasses.asdict(epoch) for epoch in self.history]
        keep(kept, folder, best=best)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the checkpoint kept in `path`."""
        kept = torch.load(path, weights_only=True)
        history = [Epoch(**epoch) for epoch in kept.pop("history")]
        return cls(**kept, history=history)


def keep(kept: Mapping[str, Any], folder: Path, *, best: bool) -> None:
    """Keep the state of a run as the last one, and as the best one if it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in [LAST, BEST] if best else [LAST]:
        partial = folder / f"{name}.partial"
        torch.save(dict(kept), partial)
        partial.replace(folder / name)
