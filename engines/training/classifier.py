"""Training of the network that tells benign from malignant masses: a small residual network.

Regions of films around boxed masses, as a detector would give them, with the pathology.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engines.cad.region import cut
from engines.networks.small_resnet import SmallResNet
from engines.training.distort import Bounds, one_of, stacked, tinted
from engines.training.lesions import boxed, split
from engines.training.loop import Taught
from engines.training.masses import SIDE, Mass, of_films, region, turned, whole
from engines.training.plan import Plan

PLAN = Plan(epochs=120, steps=40, rate=2e-3, decay=0.02)

BATCH = 32

SMOOTHING = 0.1
"""Of the labels (Szegedy 2016)."""

TONES = Bounds(darkest=(-0.1, 0.1), brightest=(0.85, 1.15), gamma=1.3, slope=0.1, noise=0.02)


class Telling:
    """A course: masses of films to learn from and to validate on."""

    figure = "area under the curve"

    def __init__(self, masses: Sequence[Mass]) -> None:
        learned, self._held = split(masses)
        self._kinds = [[one for one in learned if one.is_malignant == kind] for kind in (0, 1)]

    def network(self) -> nn.Module:
        """Return a residual network."""
        return SmallResNet()

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the cross-entropy on some masses, as many benign as malignant ones."""
        wanted = [number % 2 for number in range(BATCH)]
        masses = [turned(one_of(self._kinds[kind], chance), chance) for kind in wanted]
        shades = [tinted(cut(one.values, whole(one), SIDE), TONES, chance) for one in masses]
        logits = network.logits(torch.from_numpy(stacked(shades)))
        loss = nn.functional.cross_entropy(logits, torch.tensor(wanted), label_smoothing=SMOOTHING)
        return Taught(loss)

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return the area under the ROC curve, and accuracy at a probability of a half."""
        shades = [cut(one.values, region(one), SIDE) for one in self._held]
        given = network(torch.from_numpy(stacked(shades)))[:, 1].numpy()
        wanted = np.array([one.is_malignant for one in self._held])
        return {
            "area under the curve": area_under_curve(given, wanted),
            "accuracy": float(np.mean((given > 0.5) == wanted)),  # noqa: PLR2004 - a half
        }


def read(data: Path) -> Telling:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    return Telling(of_films(boxed(data)))


def area_under_curve(given: NDArray[np.float32], wanted: NDArray[np.bool_]) -> float:
    """Return how often one that is wanted is given more than one that is not; ties count half."""
    difference = given[wanted][:, None] - given[~wanted]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))
