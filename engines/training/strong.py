"""Stronger augmentations, for our own recipes: a mass as another film would have shown it.

A mass is turned, mirrored, stretched and bent; then its region is cut anew, so that a network is
shown the mass as it will be when it is judged. Tones, blur and noise are of `distort`.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.window import Mask, Shades
from engines.training.distort import Bounds, tinted
from engines.training.lesions import bounds
from engines.training.regions import ROOM, Mass, Question, question

WINDOW, AROUND = 256, 3.4
"""Side of what a mass is bent on, in pixels, and in longer sides of its box."""

TONES = Bounds(darkest=(-0.1, 0.15), brightest=(0.85, 1.15), gamma=1.4)

STRETCH = 1.15
"""How much longer or shorter a side may become."""

BEND, SMOOTH = 5.0, 24.0
"""How far pixels of the window are moved at most, and over how many that changes."""

ROOMS, SHIFT = (0.9, 1.2), 0.05
"""Share of its room that a region is cut with; how far off its middle, in sides of the box."""

HOLE = (0.1, 0.3)
"""Sides of what is cut out, in sides of the region."""

HOLES = 0.3
"""How often something is cut out."""

HALF = 0.5


def varied(mass: Mass, chance: np.random.Generator, room: float = ROOM) -> Question:
    """Return a region with `mass` changed at random in shape, place and tones."""
    bent = _bent(mass, chance)
    if not bent.mask.any():
        bent = mass
    found = question(bent, room * chance.uniform(*ROOMS))
    shades = tinted(found.shades, TONES, chance)
    if chance.random() < HOLES:
        shades = holed(shades, chance)
    return replace(found, shades=shades)


def holed(shades: Shades, chance: np.random.Generator) -> Shades:
    """Return `shades` with a rectangle of its mean (DeVries 2017, cutout)."""
    rows, columns = shades.shape
    height, width = (
        round(length * side)
        for length, side in zip((rows, columns), chance.uniform(*HOLE, 2), strict=True)
    )
    top, left = chance.integers(0, rows - height + 1), chance.integers(0, columns - width + 1)
    made = shades.copy()
    made[top : top + height, left : left + width] = shades.mean()
    return made


def mixed(
    batch: NDArray[np.float32], wanted: NDArray[np.float32], strength: float,
    chance: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # fmt: skip
    """Return images mixed with each other, and what is wanted of them alike (Zhang 2017, mixup)."""
    share = np.float32(chance.beta(strength, strength))
    order = chance.permutation(len(batch))
    return (
        share * batch + (1 - share) * batch[order],
        share * wanted + (1 - share) * wanted[order],
    )


def _bent(mass: Mass, chance: np.random.Generator) -> Mass:
    """Return `mass` on a window, moved by a map and by a smooth field (Simard 2003, elastic)."""
    across, down = _map(mass, chance)
    values, mask, counts = (
        cv2.remap(one, across, down, cv2.INTER_LINEAR, borderMode=border)
        for one, border in (
            (mass.values.astype(np.float32), cv2.BORDER_REPLICATE),
            (mass.mask.astype(np.float32), cv2.BORDER_CONSTANT),
            (mass.counts.astype(np.float32), cv2.BORDER_REPLICATE),
        )
    )
    left, top, width, height = bounds(inside := mask > HALF)
    extent = max(1, width, height)
    x, y = np.array([left + width / 2, top + height / 2]) + chance.uniform(-1, 1, 2) * (
        SHIFT * extent
    )
    known: Mask = counts > HALF
    return replace(mass, values=values, mask=inside, counts=known, middle=(x, y), extent=extent)


def _map(
    mass: Mass, chance: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where on the image each pixel of the window lies, across and down."""
    angle = chance.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sides = np.exp(chance.uniform(-1, 1, 2) * np.log(STRETCH)) * [1, chance.choice([-1, 1])]
    scale = AROUND * mass.extent / WINDOW
    rows, columns = np.indices((WINDOW, WINDOW), np.float32) - (WINDOW / 2 - HALF)
    bend = [
        cv2.GaussianBlur(chance.uniform(-1, 1, (WINDOW, WINDOW)).astype(np.float32), (0, 0), SMOOTH)
        for _ in range(2)
    ]
    columns, rows = (
        one + moved * (BEND * chance.random() / max(float(np.abs(moved).max()), 1e-6))
        for one, moved in zip((columns, rows), bend, strict=True)
    )
    matrix = scale * turn * sides
    x, y = np.array(mass.middle) - HALF
    across = matrix[0, 0] * columns + matrix[0, 1] * rows + x
    down = matrix[1, 0] * columns + matrix[1, 1] * rows + y
    return across.astype(np.float32), down.astype(np.float32)
