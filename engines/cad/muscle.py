"""Where the pectoral muscle is on an oblique view: above and behind a straight edge."""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.tones import toned
from engines.cad.window import Mask, Shades

SIDE = 128
"""The longer side of the breast's box, shrunk to look for the edge."""

ALONG = np.linspace(0.06, 0.94, 48)
"""Where on the edge it is looked at."""

APART = (1.5, 3.0, 4.5)
"""How far from the edge, in pixels on both sides."""

TOPS, WALLS = np.linspace(0.1, 1.0, 31), np.linspace(0.15, 1.0, 35)
"""Where an edge may cross the upper side of the box and the chest wall, in its sides."""

FLATTEST, STEEPEST = 0.9, 7.0
"""How many rows an edge may fall in a column."""

LEAST_SEEN = 0.6
"""Share of the edge that must have breast on both sides."""

LEAST_STEP = 0.05
"""How much brighter a muscle is than what lies before it, of 0..1."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A straight edge from (top, 0) to (0, wall), and how much it looks like one."""

    top: float
    wall: float
    worth: float


def pectoral(values: NDArray[np.generic], area: Mask) -> Mask:
    """Return the pectoral muscle in `area`, the breast of an oblique view; empty if none is seen.

    `values` are of a reduced image that stands upright, arm above, on either side.
    """
    left, top, width, height = cv2.boundingRect(area.astype(np.uint8))
    found = np.zeros(area.shape, bool)
    if min(width, height) < 8:  # noqa: PLR2004 - no breast
        return found
    box = (slice(top, top + height), slice(left, left + width))
    is_mirrored = wall_is_right(area[box])
    shades, breast = toned(values[box], area[box]), area[box]
    if is_mirrored:
        shades, breast = shades[:, ::-1], breast[:, ::-1]
    factor = SIDE / max(width, height)
    edge = _edge(_scaled(shades, factor), _scaled(breast.astype(np.float32), factor) > 0.5)  # noqa: PLR2004
    if edge is None:
        return found
    rows, columns = np.indices(breast.shape) + 0.5
    behind = columns * factor / edge.top + rows * factor / edge.wall < 1
    muscle = behind & breast
    found[box] = muscle[:, ::-1] if is_mirrored else muscle
    return found


def wall_is_right(breast: Mask) -> bool:
    """Return whether the chest wall is on the right: there the breast is high, not round."""
    margin = max(1, breast.shape[1] // 16)
    return bool(breast[:, -margin:].sum() > breast[:, :margin].sum())


def _scaled(shades: Shades, factor: float) -> Shades:
    rows, columns = (max(1, round(length * factor)) for length in shades.shape)
    made: Shades = cv2.resize(
        np.ascontiguousarray(shades), (columns, rows), interpolation=cv2.INTER_AREA
    )
    return made


def _edge(shades: Shades, breast: Mask) -> _Edge | None:
    """Return the edge with the steadiest step, bright to dark; the chest wall is on the left."""
    rows, columns = shades.shape
    smooth = cv2.GaussianBlur(shades, (0, 0), 1)
    edges = [
        _Edge(top, wall, _worth(smooth, breast, top, wall))
        for top, wall in product(TOPS * columns, WALLS * rows)
        if FLATTEST <= wall / top <= STEEPEST
    ]
    best = max(edges, key=lambda edge: edge.worth, default=None)
    return best if best and best.worth >= LEAST_STEP else None


def _worth(shades: Shades, breast: Mask, top: float, wall: float) -> float:
    """Return the step across the edge, less for one that is not as high all along it."""
    edge = np.stack([top * ALONG, wall * (1 - ALONG)])
    forward = np.array([[wall], [top]]) / np.hypot(wall, top)
    inner = [_at(shades, breast, edge - far * forward) for far in APART]
    outer = [_at(shades, breast, edge + far * forward) for far in APART]
    steps = np.mean(inner, axis=0) - np.mean(outer, axis=0)  # NaN where not both are of the breast
    seen = steps[np.isfinite(steps)]
    if len(seen) < LEAST_SEEN * len(steps):
        return 0.0
    return float(seen.mean() - seen.std() / 2)


def _at(shades: Shades, breast: Mask, places: NDArray[np.float64]) -> Shades:
    """Return the shades at `places`, x and y; NaN where there is no breast."""
    rows, columns = shades.shape
    across, down = np.floor(places).astype(int)
    inside = (down >= 0) & (down < rows) & (across >= 0) & (across < columns)
    down, across = down.clip(0, rows - 1), across.clip(0, columns - 1)
    return np.where(inside & breast[down, across], shades[down, across], np.float32(np.nan))
