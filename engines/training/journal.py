"""What the epochs of a run came to, as numbers and as a picture."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engines.evaluation.bootstrap import Interval

CURVES, PICTURE = "curves.csv", "curves.png"

FIGURES = "figures.json"
"""The figures of the epoch whose weights are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one epoch came to: means over what it learned from, and figures of the validation."""

    number: int
    training: Mapping[str, float]
    figures: Mapping[str, float]


def best_of(history: Sequence[Entry], name: str) -> Entry:
    """Return the first epoch whose figure of that `name` is the highest."""
    return max(history, key=lambda entry: entry.figures[name])


def write_journal(folder: Path, history: Sequence[Entry], name: str) -> None:
    """Write one line an epoch, the figures of the best by `name`, and draw loss and figure."""
    with (folder / CURVES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        learned = [f"training {one}" for one in history[0].training]
        writer.writerow(["number", *learned, *history[0].figures])
        writer.writerows(
            [one.number, *one.training.values(), *one.figures.values()] for one in history
        )
    best = best_of(history, name)
    stated = {"epoch": best.number, **best.figures}
    (folder / FIGURES).write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    _draw(folder / PICTURE, history, name)


def write_tested(folder: Path, figures: Mapping[str, Interval]) -> None:
    """Add what the test came to, with its intervals, to the figures of the best epoch."""
    path = folder / FIGURES
    stated = json.loads(path.read_text(encoding="utf-8"))
    for name, one in figures.items():
        stated[f"test {name}"] = one.value
        stated[f"test {name}, 95 %"] = [one.low, one.high]
    path.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")


def _draw(path: Path, history: Sequence[Entry], name: str) -> None:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, one in zip(figure.subplots(1, 2), ("loss", name), strict=True):
        _curve(axes, history, one)
    figure.savefig(path, dpi=120)


def _curve(axes: Axes, history: Sequence[Entry], name: str) -> None:
    """Draw a figure by epoch, of training and of validation, as far as each knows it."""
    numbers = [entry.number for entry in history]
    sides = {
        "training": [entry.training for entry in history],
        "validation": [entry.figures for entry in history],
    }
    for side, figures in sides.items():
        if name in figures[0]:
            axes.plot(numbers, [one[name] for one in figures], label=side)
    axes.set(xlabel="epoch", ylabel=name)
    axes.legend()
