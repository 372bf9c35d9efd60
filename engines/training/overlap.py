"""How far a map of probabilities is from where the lesions are."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engines.training.tensors import tensor

Masks = NDArray[np.bool_]
"""(images, rows, columns)."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A batch, what is to be answered, 0 or 1, and where it counts: all (images, 1, ...)."""

    shades: NDArray[np.float32]
    wanted: NDArray[np.float32]
    counts: NDArray[np.float32]


def overlap_loss(network: nn.Module, lesson: Lesson) -> tuple[Tensor, Masks]:
    """Return binary cross-entropy and soft Dice loss (Milletari 2016), added; and the answer.

    Of the loss, what counts; of the answer, where it is more likely than not.
    """
    wanted, counts = tensor(lesson.wanted, network), tensor(lesson.counts, network)
    logits = network.logits(tensor(lesson.shades, network)).float()
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    given, wanted = torch.sigmoid(logits) * counts, wanted * counts
    both = 2 * (given * wanted).sum() + 1
    lost = (entropy * counts).sum() / counts.sum() + 1 - both / (given.sum() + wanted.sum() + 1)
    answer: Masks = (logits.detach()[:, 0] > 0).cpu().numpy()
    return lost, answer


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks: 1 if both are empty."""
    both = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / both if both else 1.0
