"""A picture in steps of half the size, cut into tiles."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.mammogram.read import Pixels

STATIC = Path(__file__).parent / "static"
"""The scripts that draw tiles, for any page."""
TILE = 512
"""Pixels of a side."""
LITTLE_ENDIAN = np.dtype("<u2")


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels that both pictures of a case are shown on: those of the larger one."""

    rows: int
    columns: int

    @property
    def levels(self) -> int:
        """How many steps there are: on the last one the picture is a tile, or less."""
        longest = max(self.rows, self.columns)
        return max(0, (longest - 1) // TILE).bit_length() + 1

    def size(self, level: int) -> tuple[int, int]:
        """Return the rows and columns of that step; step 0 is the whole size."""
        return -(-self.rows >> level), -(-self.columns >> level)

    def holds(self, level: int, column: int, row: int) -> bool:
        """Tell whether there is such a tile."""
        if not 0 <= level < self.levels:
            return False
        rows, columns = self.size(level)
        return 0 <= row * TILE < rows and 0 <= column * TILE < columns


class Pyramid:
    """One picture on the grid of its case; steps are made when somebody first looks at them.

    What is smaller than the grid is enlarged between pixels (bilinear), as viewers do; what is
    larger than a step is averaged.
    """

    def __init__(self, pixels: Pixels, grid: Grid) -> None:
        self._pixels = pixels
        self._grid = grid
        self._steps: dict[int, Pixels] = {}
        self._lock = threading.Lock()

    def tile(self, level: int, column: int, row: int) -> bytes:
        """Return a tile, row by row, two bytes a pixel; those on the far edges are smaller."""
        step = self._step(level)
        cut = step[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        return cut.astype(LITTLE_ENDIAN).tobytes()

    def _step(self, level: int) -> Pixels:
        with self._lock:
            if level not in self._steps:
                self._steps[level] = resized(self._pixels, self._grid.size(level))
            return self._steps[level]


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return `pixels` on so many rows and columns."""
    if pixels.shape == size:
        return pixels
    smaller = size[0] < pixels.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    found: np.ndarray[Any, Any] = cv2.resize(pixels, size[::-1], interpolation=how)
    return found.astype(np.uint16, copy=False)
