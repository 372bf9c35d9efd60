"""Square regions of an image as networks take them, and places on them back on the image."""

import numpy as np
from numpy.typing import NDArray

from engines.cad.finding import Points, Region
from engines.cad.tones import stretched
from engines.cad.window import Shades, resized

CONTEXT = 2
"""A region is so many times as wide as what was seen or marked in it."""

DARKEST, BRIGHTEST = 1, 99
"""Percentiles of the region that become 0 and 1."""


def with_room(region: Region, room: float | None) -> Region:
    """Return a region about the same middle that is `room` times as wide as what is in `region`.

    Where nobody says how wide, it is `region` itself.
    """
    if room is None:
        return region
    side = max(1, round(region.side * room / CONTEXT))
    x, y = region.centre
    return Region(round(x - side / 2), round(y - side / 2), side)


def cut(values: NDArray[np.generic], region: Region, side: int) -> Shades:
    """Return `region` of an image as `side` x `side` pixels of 0..1.

    A pixel is the mean of those that it stands for, or lies linearly between them; what lies beyond
    the image repeats its edge.
    """
    rows, columns = (
        np.clip(np.arange(start, start + region.side), 0, length - 1)
        for start, length in zip((region.top, region.left), values.shape, strict=True)
    )
    made = resized(values[np.ix_(rows, columns)], (side, side))
    low, high = np.percentile(made, (DARKEST, BRIGHTEST))
    return stretched(made, low, high)


def to_image(points: Points, region: Region, side: int) -> Points:
    """Return `points` of what was cut, (n, 2) of x and y, as points of the image."""
    return points * (region.side / side) + (region.left, region.top)


def from_image(points: Points, region: Region, side: int) -> Points:
    """Return `points` of the image, (n, 2) of x and y, as points of what is cut."""
    return (points - (region.left, region.top)) * (side / region.side)
