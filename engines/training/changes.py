"""How regions are augmented, by name."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.training.distort import Bounds, tinted
from engines.training.menus import Augmentation
from engines.training.regions import ROOM, SIDE, Mass, Question, question
from engines.training.strong import varied
from engines.training.variants import VARIANTS, variant

ASIDE = 16
"""Of how many parts of a region it is moved aside by one at most."""

TONES = Bounds(darkest=(-0.08, 0.08), brightest=(0.85, 1.15), gamma=1.35, slope=0.05, noise=0.02)


def changed(
    mass: Mass, augmentation: Augmentation, chance: np.random.Generator, room: float = ROOM
) -> Question:
    """Return the region of `mass`, as it is or changed at random as that augmentation does.

    By `paper` it is one of the seven variants, or one time in eight the region itself; by `slight`
    it lies in one of the eight ways of a square, a little aside, in other tones.
    """
    if augmentation == "strong":
        return varied(mass, chance, room)
    region = question(mass, room)
    if augmentation == "none":
        return region
    if augmentation == "slight":
        return _moved(region, chance)
    names = ["", *VARIANTS]
    name = names[int(chance.integers(len(names)))]
    return variant(region, name) if name else region


def _moved(region: Question, chance: np.random.Generator) -> Question:
    """Return `region` turned by quarters, mirrored, moved aside, and in other tones."""
    quarters, mirrored = divmod(int(chance.integers(8)), 2)
    aside = chance.integers(-SIDE // ASIDE, SIDE // ASIDE + 1, 2)

    def moved(values: NDArray[Any]) -> NDArray[Any]:
        turned = np.rot90(values, quarters)
        turned = np.fliplr(turned) if mirrored else turned
        padded = np.pad(turned, SIDE // ASIDE, mode="edge")
        top, left = aside + SIDE // ASIDE
        return padded[top : top + SIDE, left : left + SIDE]

    shades = tinted(moved(region.shades), TONES, chance)
    return replace(region, shades=shades, mask=moved(region.mask), counts=moved(region.counts))
