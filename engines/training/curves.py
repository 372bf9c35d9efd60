"""The curves of a training, as numbers and as a picture."""

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

CURVES, PICTURE = "curves.csv", "curves.png"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to: mean squared errors in units of 0..1, PSNR in dB."""

    number: int
    training: float
    validation: float
    psnr: float


def write_curves(path: Path, history: Sequence[Epoch]) -> None:
    """Write one line an epoch."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(Epoch)])
        writer.writerows(dataclasses.astuple(epoch) for epoch in history)


def draw_curves(path: Path, history: Sequence[Epoch]) -> None:
    """Draw the losses and the PSNR by epoch."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss, quality = figure.subplots(1, 2)
    numbers = [epoch.number for epoch in history]
    loss.semilogy(numbers, [epoch.training for epoch in history], label="training")
    loss.semilogy(numbers, [epoch.validation for epoch in history], label="validation")
    loss.set(xlabel="epoch", ylabel="mean squared error")
    loss.legend()
    quality.plot(numbers, [epoch.psnr for epoch in history])
    quality.set(xlabel="epoch", ylabel="validation PSNR, dB")
    figure.savefig(path, dpi=120)
