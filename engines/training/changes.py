"""How regions are augmented, by name."""

import numpy as np

from engines.training.menus import Augmentation
from engines.training.regions import ROOM, Mass, Question, question
from engines.training.strong import varied
from engines.training.variants import VARIANTS, variant


def changed(
    mass: Mass, augmentation: Augmentation, chance: np.random.Generator, room: float = ROOM
) -> Question:
    """Return the region of `mass`, as it is or changed at random as that augmentation does.

    By `paper` it is one of the seven variants, or one time in eight the region itself.
    """
    if augmentation == "strong":
        return varied(mass, chance, room)
    region = question(mass, room)
    if augmentation == "none":
        return region
    names = ["", *VARIANTS]
    name = names[int(chance.integers(len(names)))]
    return variant(region, name) if name else region
