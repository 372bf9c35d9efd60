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
