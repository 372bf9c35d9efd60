"""How far an enlarged picture is from the real one, by name."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

Loss = Literal["mse", "l1", "psnr"]


def squared(answer: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared error."""
    return (answer - wanted).square().mean()


def absolute(answer: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute error (Lim 2017)."""
    return (answer - wanted).abs().mean()


def decibels(answer: Tensor, wanted: Tensor) -> Tensor:
    """Return the PSNR, negative, in units of 10 dB: smooth and rough pictures count alike."""
    return torch.log10(squared(answer, wanted) + 1e-8)


LOSSES: Mapping[Loss, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": squared,
    "l1": absolute,
    "psnr": decibels,
}
