"""What the epochs of a run came to, as numbers and as a picture."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from engines.training.curves import CURVES, PICTURE

FIGURES = "figures.json"
"""The figures of the epoch whose weights are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one epoch came to: the mean loss, and figures of the validation."""

    number: int
    loss: float
    figures: Mapping[str, float]


def best_of(history: Sequence[Entry], name: str) -> Entry:
    """Return the first epoch whose figure of that `name` is the highest."""
    return max(history, key=lambda entry: entry.figures[name])


def write_journal(folder: Path, history: Sequence[Entry], name: str) -> None:
    """Write one line an epoch, the figures of the best by `name`, and draw both."""
    with (folder / CURVES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "loss", *history[0].figures])
        writer.writerows([one.number, one.loss, *one.figures.values()] for one in history)
    best = best_of(history, name)
    stated = {"epoch": best.number, **best.figures}
    (folder / FIGURES).write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    _draw(folder / PICTURE, history, name)


def _draw(path: Path, history: Sequence[Entry], name: str) -> None:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss, quality = figure.subplots(1, 2)
    numbers = [entry.number for entry in history]
    loss.plot(numbers, [entry.loss for entry in history])
    loss.set(xlabel="epoch", ylabel="training loss")
    quality.plot(numbers, [entry.figures[name] for entry in history])
    quality.set(xlabel="epoch", ylabel=f"validation: {name}")
    figure.savefig(path, dpi=120)
