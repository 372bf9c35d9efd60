"""Pictures for people, of whole images and of parts of them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.finding import Points

Tones = NDArray[np.uint8]
"""(rows, columns), 0 black and 255 white."""
Point = NDArray[np.float64]
"""(2,) of x and y."""

LONGEST = 1200
"""Pixels of the longer side of a whole image: enough for a page, little to mail."""
CONTEXT = 1.8
"""The side of a crop, in the longer side of its lesion."""
LEAST_SIDE = 48
"""Pixels of the source in a crop."""
LEAST_PICTURE, MOST_PICTURE = 320, 1024
"""Pixels of the side of a crop as it is written."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, corners: Points, shape: tuple[int, int]) -> "Box":
        """Return a square about a lesion and what is beside it, within an image of that shape."""
        first, last = corners.min(axis=0), corners.max(axis=0)
        reach = max(LEAST_SIDE, CONTEXT * float((last - first).max())) / 2
        centre = (first + last) / 2
        return cls.about(centre - reach, centre + reach, shape)

    @classmethod
    def about(cls, first: Point, last: Point, shape: tuple[int, int]) -> "Box":
        """Return what is between two corners, moved into an image of that shape or cut to it."""
        size = np.array(shape[::-1])
        sides = np.minimum(np.rint(last - first), size)
        corner = np.clip(np.rint((first + last - sides) / 2), 0, size - sides)
        return cls(*(int(one) for one in (*corner, *sides)))

    def enlarged(self, scale: int) -> "Box":
        """Return the same part of the image enlarged `scale` times."""
        return Box(*(scale * one for one in (self.left, self.top, self.width, self.height)))


def shrunk(tones: Tones, longest: int) -> Tones:
    """Return `tones` with at most `longest` pixels a side."""
    rows, columns = tones.shape
    share = longest / max(rows, columns)
    if share >= 1:
        return tones
    size = max(1, round(share * columns)), max(1, round(share * rows))
    return np.asarray(cv2.resize(tones, size, interpolation=cv2.INTER_AREA), np.uint8)


def part(tones: Tones, box: Box, repeats: int) -> Tones:
    """Return what is in `box`, each pixel as a square of `repeats` pixels a side."""
    cut = tones[box.top : box.top + box.height, box.left : box.left + box.width]
    return cut.repeat(repeats, axis=0).repeat(repeats, axis=1)


def repeats_of(box: Box, scale: int) -> int:
    """Return how often a pixel of an image enlarged `scale` times is repeated in a crop."""
    return max(1, -(-LEAST_PICTURE // (scale * max(box.width, box.height))))
