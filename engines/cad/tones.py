"""Shades that do not depend on how an image was exposed or stored."""

import numpy as np
from numpy.typing import NDArray

from engines.cad.window import Mask, Shades

DARKEST, BRIGHTEST = 1, 99.5
"""Percentiles of the breast that become 0 and 1: neither a rim nor a clip decides."""


def toned(values: NDArray[np.generic], area: Mask) -> Shades:
    """Return `values` stretched to 0..1 by what lies in `area`, and 0 outside.

    A flat area is 0 all over, and so is an image with an empty one.
    """
    if not area.any():
        return np.zeros(values.shape, np.float32)
    low, high = np.percentile(values[area].astype(np.float32), (DARKEST, BRIGHTEST))
    return np.where(area, stretched(values, low, high), np.float32(0))


def stretched(values: NDArray[np.generic], low: float, high: float) -> Shades:
    """Return `values` with `low` and less as 0, `high` and more as 1; all 0 if those are one."""
    if low >= high:
        return np.zeros(values.shape, np.float32)
    made: Shades = np.clip((values.astype(np.float32) - low) / (high - low), 0, 1)
    return made.astype(np.float32)
