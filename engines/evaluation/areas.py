"""Which part of an image counts."""

import numpy as np
from scipy import ndimage

from engines.evaluation.scores import Area
from engines.images import Grey

DARKEST_TISSUE = 18
"""Film outside the breast is darker than this on the 8-bit scale of mini-MIAS."""

OPENING = np.ones((9, 9), bool)
"""Parts the breast from labels, scratches and the film's rim."""


def whole(pixels: Grey) -> Area:
    """Return all of it."""
    return np.ones(pixels.shape, bool)


def breast(pixels: Grey) -> Area:
    """Return the breast of an 8-bit film mammogram: its largest bright region, holes filled.

    Bright is 18 of 255 and more; what a square of 9 x 9 pixels does not fit into (labels,
    scratches) is first taken off. All of a film on which nothing is bright.
    """
    bright = ndimage.binary_opening(pixels >= DARKEST_TISSUE, OPENING)
    regions, count = ndimage.label(bright)
    if count == 0:
        return whole(pixels)
    sizes = np.bincount(regions.ravel())[1:]
    filled: Area = ndimage.binary_fill_holes(regions == 1 + sizes.argmax())
    return filled


Box = tuple[slice, slice]
"""Rows and columns."""


def box(area: Area) -> Box:
    """Return the smallest box that holds `area`; all there is where it is empty."""
    found: list[Box] = ndimage.find_objects(area.astype(np.uint8))
    rows, columns = area.shape
    return found[0] if found else (slice(0, rows), slice(0, columns))


def grown(inside: Box, margin: int, shape: tuple[int, ...], grid: int) -> Box:
    """Return `inside` with `margin` around it, within an image, its sides multiples of `grid`."""
    down, across = (
        slice(
            max(0, side.start - margin) // grid * grid,
            min(length, -(-(side.stop + margin) // grid) * grid),
        )
        for side, length in zip(inside, shape, strict=True)
    )
    return down, across
