"""Regions of films on one scale: a pixel is a film's height / 800, as in mammo/cbis_mass."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.mammogram.read import Pixels
from service.datasets.images import Mask, Tones

HEIGHT, SIDE = 800, 160
"""Of a shrunk film, and of a region of it, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A region with its abnormality: pixels, mask and box (left, top, width, height).

    The region lies within the film where that is wide enough; the box may be larger than it.
    """

    pixels: Tones
    mask: Mask
    box: tuple[float, float, float, float]

    @property
    def is_larger(self) -> bool:
        """Whether the abnormality is larger than the region."""
        return max(self.box[2:]) > SIDE


def shrunk(film: Pixels) -> Tones:
    """Return a film `HEIGHT` pixels high, its darkest value black and its brightest white.

    Raises:
        ValueError: it has only one value.
    """
    low, high = int(film.min()), int(film.max())
    if low == high:
        raise ValueError("the film is blank")
    tones = (film.astype(np.float32) - low) * (255 / (high - low))
    rounded: Tones = np.rint(_resized(tones, _width(film.shape))).astype(np.uint8)
    return rounded


def cut(film: Tones, mask: Mask) -> Crop:
    """Return the region of a shrunk film around what `mask`, of any size, holds."""
    rows, columns = film.shape
    left, top, wide, high = cv2.boundingRect(mask.astype(np.uint8))
    across, down = columns / mask.shape[1], rows / mask.shape[0]
    x, y = (left + wide / 2) * across, (top + high / 2) * down
    column, row = _start(x, columns), _start(y, rows)
    box = (left * across - column, top * down - row, wide * across, high * down)
    whole = _resized(mask.astype(np.float32), columns) >= 0.5  # noqa: PLR2004 - most of a pixel
    return Crop(_part(film, row, column), _part(whole, row, column), box)


def _start(middle: float, length: int) -> int:
    """Return where a region begins that has `middle` in its middle and does not leave the film."""
    return max(0, min(round(middle - SIDE / 2), length - SIDE))


def _width(shape: tuple[int, ...]) -> int:
    return max(1, round(shape[1] * HEIGHT / shape[0]))


def _resized(values: np.ndarray, width: int) -> np.ndarray:
    how = cv2.INTER_AREA if values.shape[0] > HEIGHT else cv2.INTER_LINEAR
    resized: np.ndarray = cv2.resize(values, (width, HEIGHT), interpolation=how)
    return resized


def _part(values: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return a region; where the film is too narrow there is nothing to its right."""
    part = values[row : row + SIDE, column : column + SIDE]
    return np.pad(part, ((0, 0), (0, SIDE - part.shape[1])))
