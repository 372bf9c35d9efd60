"""Where the breast is on an image, and the pectoral muscle on an oblique one."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.muscle import pectoral
from engines.cad.window import Mask

__all__ = ["Mask", "breast", "pectoral"]

OPENING = 60
"""Labels, scratches and film edges narrower than a 60th of the image are no breast."""

LOWEST, STEP = 16, 6
"""Of the thresholds that are tried, on the scale of 0..255 of square roots."""

FULLEST = 0.92
"""A breast takes less of its bounding box than this; a film with its background takes more."""


def breast(values: NDArray[np.generic]) -> Mask:
    """Return the largest bright area of a reduced image, without holes: breast, arm and muscle.

    The scale of `values` does not matter; an image that is flat has none. Of the thresholds up to
    Otsu's it takes that with the smoothest outline: lower ones show the noise of a film, and higher
    ones the fat of a digital image.
    """
    roots = _roots(values)
    if not roots.any():
        return np.zeros(values.shape, bool)
    smooth = cv2.medianBlur(roots, 5)
    highest, _ = cv2.threshold(smooth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    areas = [_largest(smooth > limit) for limit in np.arange(highest, LOWEST - 1, -STEP)]
    best, *others = areas or [_largest(smooth > highest)]
    for one in others:
        if one.raggedness < best.raggedness and one.fullness < FULLEST:
            best = one
    return best.mask


@dataclass(frozen=True, slots=True, eq=False)
class _Area:
    """An area without holes; how long its outline is for its size, and how full its box."""

    mask: Mask
    raggedness: float
    fullness: float


def _roots(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return square roots on a scale of 0..255: they tell thin skin from air better than values."""
    shades = values.astype(np.float32)
    low, high = shades.min(), np.percentile(shades, 99.5)
    if low >= high:
        return np.zeros(values.shape, np.uint8)
    made: NDArray[np.uint8] = np.rint(
        255 * np.sqrt(np.clip((shades - low) / (high - low), 0, 1))
    ).astype(np.uint8)
    return made


def _largest(mask: Mask) -> _Area:
    """Return the largest area of `mask` that is not narrow."""
    outlines, _ = cv2.findContours(_opened(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    if not outlines:
        return _Area(filled.astype(bool), np.inf, 1)
    outline = max(outlines, key=cv2.contourArea)
    cv2.drawContours(filled, [outline], -1, 1, cv2.FILLED)
    size = int(np.count_nonzero(filled))
    _, _, width, height = cv2.boundingRect(outline)
    raggedness = cv2.arcLength(outline, closed=True) / np.sqrt(size)
    return _Area(filled.astype(bool), float(raggedness), size / (width * height))


def _opened(mask: Mask) -> NDArray[np.uint8]:
    """Return `mask` without what is narrow; mirrored at the edges, so that corners stay."""
    width = max(3, max(mask.shape) // OPENING) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    wide = np.pad(mask.astype(np.uint8), width, mode="symmetric")
    made: NDArray[np.uint8] = cv2.morphologyEx(wide, cv2.MORPH_OPEN, disc)
    return np.ascontiguousarray(made[width:-width, width:-width])
