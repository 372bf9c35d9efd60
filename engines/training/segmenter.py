"""Training of the network that outlines a mass in its region: a U-Net.

A region as a detector would give it, cut to 128 x 128 and enlarged three times; outlined masses of
digital images, and of films ellipses in the boxes of masses.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engines.cad.region import cut
from engines.cad.window import Shades, resized
from engines.networks.unet import UNet
from engines.training.distort import Bounds, one_of, stacked, tinted
from engines.training.lesions import boxed, outlined, split
from engines.training.loop import Taught
from engines.training.masses import SIDE, Mass, of_films, of_wholes, part, region, turned, whole
from engines.training.overlap import Lesson, dice, overlap_loss
from engines.training.plan import Plan

WIDTH = 8

PLAN = Plan(epochs=24, steps=60, rate=1e-3)

BATCH = 4

SCALE = 3

OUTLINED = 0.6
"""Share of a batch that is of digital images, with outlines."""

TONES = Bounds(darkest=(-0.1, 0.15), brightest=(0.85, 1.15), gamma=1.4)

CERTAIN = 0.5


class Outlining:
    """A course: masses to learn from and to validate on, outlined and boxed ones."""

    figure = "dice"

    def __init__(self, wholes: Sequence[Mass], films: Sequence[Mass]) -> None:
        self._outlined, self._held_outlined = split(wholes)
        self._boxed, self._held_boxed = split(films)

    def network(self) -> nn.Module:
        """Return a U-Net."""
        return UNet(WIDTH)

    def taught(self, network: nn.Module, chance: np.random.Generator) -> Taught:
        """Return the loss on some regions."""
        among = [
            self._outlined if chance.random() < OUTLINED else self._boxed for _ in range(BATCH)
        ]
        regions = [lesson(turned(one_of(masses, chance), chance), chance) for masses in among]
        return Taught(overlap_loss(network, Lesson(*map(stacked, zip(*regions, strict=True)))))

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return mean Dice and IoU of outlines, mean Dice of ellipses, and what is kept by."""
        outlines = [_overlap(network, mass) for mass in self._held_outlined]
        ellipses = [_overlap(network, mass) for mass in self._held_boxed]
        return {
            "dice": float(np.mean(outlines) + np.mean(ellipses)) / 2,
            "dice of outlines": float(np.mean(outlines)),
            "iou of outlines": float(np.mean([one / (2 - one) for one in outlines])),
            "dice of ellipses": float(np.mean(ellipses)),
        }


def read(data: Path) -> Outlining:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: it is not there.
    """
    return Outlining(of_wholes(outlined(data)), of_films(boxed(data)))


def lesson(mass: Mass, chance: np.random.Generator) -> tuple[Shades, Shades, Shades]:
    """Return all of `mass` as a region: shades, where the mass is, where that counts."""
    shades = tinted(cut(mass.values, whole(mass), SIDE), TONES, chance)
    wanted, counts = (
        (enlarged(one) > CERTAIN).astype(np.float32) for one in (mass.mask, mass.counts)
    )
    return enlarged(shades), wanted, counts


def enlarged(shades: Shades) -> Shades:
    """Return `shades` at the side that the network takes."""
    return resized(shades, (SCALE * SIDE, SCALE * SIDE))


def _overlap(network: nn.Module, mass: Mass) -> float:
    """Return the Dice coefficient of `mass`, where its region lies on the image."""
    shades = enlarged(cut(mass.values, region(mass), SIDE))
    with torch.autocast("cpu", torch.bfloat16):
        answer = network(torch.from_numpy(stacked([shades])))
    wanted, counts = (part(one, region(mass), SCALE * SIDE) for one in (mass.mask, mass.counts))
    given = answer[0, 0].float().numpy() > CERTAIN
    return dice(given & counts, wanted & counts)
