"""A whole image on one square window, and places on the window back on the image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.finding import Points

Shades = NDArray[np.float32]
"""(rows, columns)."""

Mask = NDArray[np.bool_]
"""(rows, columns)."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an image of (rows, columns) takes of the window that it was shrunk to."""

    down: slice
    across: slice
    shape: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """How many pixels of the image one of the window stands for, across and down."""
        rows, columns = self.shape
        width, height = self.across.stop - self.across.start, self.down.stop - self.down.start
        return columns / width, rows / height

    def to_image(self, points: Points) -> Points:
        """Return `points` of the window, (n, 2) of x and y, as points of the image."""
        return (points - self._corner) * self.scale

    def to_window(self, points: Points) -> Points:
        """Return `points` of the image, (n, 2) of x and y, as points of the window."""
        return points / self.scale + self._corner

    @property
    def _corner(self) -> Points:
        return np.array([self.across.start, self.down.start], float)


def placed(shape: tuple[int, int], side: int) -> Place:
    """Return where an image of (rows, columns) lies on a window of `side` x `side`.

    It keeps its proportions and lies in the middle.
    """
    longest = max(shape)
    height, width = (max(1, round(side * length / longest)) for length in shape)
    top, left = (side - height) // 2, (side - width) // 2
    return Place(slice(top, top + height), slice(left, left + width), shape)


def shrunk(values: NDArray[np.generic], side: int) -> tuple[Shades, Place]:
    """Return all of an image on a window of `side` x `side`, and where on it; 0 around it.

    A pixel of the window is the mean of those that it stands for; a smaller image is enlarged.
    """
    rows, columns = values.shape
    place = placed((rows, columns), side)
    window = np.zeros((side, side), np.float32)
    window[place.down, place.across] = resized(values, window[place.down, place.across].shape)
    return window, place


def resized(values: NDArray[np.generic], shape: tuple[int, ...]) -> Shades:
    """Return an image in another number of (rows, columns): means where it shrinks, else linear."""
    rows, columns = shape
    kind = cv2.INTER_AREA if max(shape) < max(values.shape) else cv2.INTER_LINEAR
    made: Shades = cv2.resize(values.astype(np.float32), (columns, rows), interpolation=kind)
    return made
