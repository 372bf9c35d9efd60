"""Bright blobs of a map: one for each peak that stands out from the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engines.cad.breast import Mask
from engines.cad.window import Shades

SMOOTHING = 1 / 256
"""Standard deviation of the Gaussian, in sides of the map: what is smaller is noise."""

APART = 1 / 64
"""Peaks are at least so far from each other, in sides of the map."""

LEVELS = (0.5, 0.65, 0.8)
"""Heights of a peak at which its blob is cut off: the lowest at which it is alone."""

MOST_PEAKS, DIMMEST = 64, 1e-3

TOP = 0.25
"""Share of a blob's pixels, the surest, whose mean is its certainty."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A part of a map, in its pixels: rows `top` to `bottom` and columns `left` to `right`."""

    left: int
    top: int
    right: int
    bottom: int
    certainty: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def blobs(seen: Shades, least: float) -> list[Blob]:
    """Return the blobs of a map of 0..1 whose certainty is `least` or more, the surest first.

    A peak that no dip parts from a higher one is a part of that one's blob.
    """
    side = max(seen.shape)
    smooth = ndimage.gaussian_filter(seen, SMOOTHING * side, mode="nearest")
    highest = peaks(smooth, max(1, round(APART * side)), max(least / 4, DIMMEST))
    found = []
    higher = np.zeros(smooth.shape, bool)
    for peak in highest[:MOST_PEAKS]:
        alone = _alone(smooth, peak, higher)
        higher[peak] = True
        if alone is not None:
            found.append(_blob(seen, alone))
    kept = [blob for blob in found if blob.certainty >= least]
    return sorted(kept, key=lambda blob: (-blob.certainty, blob.top, blob.left))


def peaks(values: NDArray[np.floating], apart: int, least: float) -> list[tuple[int, ...]]:
    """Return where `values`, `least` or more, are highest within `apart`, the highest first.

    Of a plateau it is one place.
    """
    width = 2 * apart + 1
    tops = (ndimage.maximum_filter(values, width, mode="nearest") == values) & (values >= least)
    plateaus, _ = ndimage.label(tops, np.ones((3,) * values.ndim))
    inside = np.flatnonzero(tops)
    _, first = np.unique(plateaus.ravel()[inside], return_index=True)
    indices = np.unravel_index(inside[first], values.shape)
    places = [tuple(int(index) for index in place) for place in zip(*indices, strict=True)]
    return sorted(places, key=lambda place: (-values[place], place))


def _alone(smooth: Shades, peak: tuple[int, ...], higher: Mask) -> Mask | None:
    """Return the part around `peak` without any of the `higher` peaks, None if there is none."""
    for level in LEVELS:
        parts, _ = ndimage.label(smooth >= level * smooth[peak])
        part: Mask = parts == parts[peak]
        if not (part & higher).any():
            return part
    return None


def _blob(seen: Shades, part: Mask) -> Blob:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    values = np.sort(seen[part])
    surest = values[-max(1, round(TOP * values.size)) :]
    return Blob(
        left=int(columns[0]),
        top=int(rows[0]),
        right=int(columns[-1]) + 1,
        bottom=int(rows[-1]) + 1,
        certainty=round(float(surest.mean(dtype=np.float64)), 4),
    )
