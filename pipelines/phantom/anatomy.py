"""The shape of a compressed breast: its skin line, its nipple and the pectoral muscle.

Lengths are millimetres on a field that is always 287 mm high, with x away from the chest wall and
y downwards, as a left breast is shown. A `Canvas` is the coarse raster on which anatomy is drawn.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

Position = Literal["CC", "MLO"]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

FIELD_HEIGHT = 287.0

# Skin lines as (x / field width, y / field height), after screening mammograms.
_SKIN_LINES: dict[Position, list[tuple[float, float]]] = {
    "CC": [
        (-0.04, 0.12),
        (0.16, 0.135),
        (0.38, 0.205),
        (0.555, 0.34),
        (0.62, 0.5),
        (0.56, 0.665),
        (0.385, 0.805),
        (0.16, 0.88),
        (-0.04, 0.9),
    ],
    "MLO": [
        (0.4, -0.2),
        (0.43, 0.08),
        (0.52, 0.27),
        (0.65, 0.43),
        (0.71, 0.57),
        (0.67, 0.71),
        (0.5, 0.82),
        (0.28, 0.88),
        (0.14, 0.94),
        (0.06, 1.25),
    ],
}
_PECTORAL_EDGE = [(0.35, -0.2), (0.255, 0.14), (0.14, 0.4), (-0.04, 0.68)]
_NIPPLE_RADIUS = 6.0
_SUBPIXEL_BITS = 4  # how finely OpenCV places a corner


@dataclass(frozen=True, slots=True)
class Canvas:
    """A raster of square cells, `per_mm` of them to the millimetre."""

    rows: int
    columns: int
    per_mm: float

    def blank(self) -> Floats:
        """Return zeros in the shape of the canvas."""
        return np.zeros((self.rows, self.columns), np.float32)

    def fill(self, polygon: Floats) -> Mask:
        """Return the cells within `polygon`, (corners, 2) of x and y in millimetres."""
        cells = np.zeros((self.rows, self.columns), np.uint8)
        cv2.fillPoly(cells, [fixed_point(polygon * self.per_mm)], 1, shift=_SUBPIXEL_BITS)
        return cells.astype(bool)

    def distance_from(self, point: Floats, stretch: tuple[float, float] = (1, 1)) -> Floats:
        """Return each cell's distance from `point` in millimetres, x and y divided by `stretch`."""
        x = (np.arange(self.columns, dtype=np.float32) / self.per_mm - point[0]) / stretch[0]
        y = (np.arange(self.rows, dtype=np.float32) / self.per_mm - point[1]) / stretch[1]
        return np.hypot(x[None, :], y[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Where things are: `depth` is the distance to the skin in millimetres, negative outside."""

    canvas: Canvas
    depth: Floats
    pectoral: Mask
    nipple: Floats


def anatomy(canvas: Canvas, position: Position, rng: np.random.Generator, size: float) -> Anatomy:
    """Return a breast on `canvas`, `size` times the usual one and its skin line varied by `rng`."""
    field = np.array([canvas.columns, canvas.rows], np.float32) / canvas.per_mm
    skin = smooth_curve(_varied(_SKIN_LINES[position], rng, size) * field)
    nipple = skin[np.argmax(skin[:, 0])] + np.float32([-0.35 * _NIPPLE_RADIUS, 0])
    breast = canvas.fill(_closed_at_chest_wall(skin))
    breast |= canvas.distance_from(nipple) < _NIPPLE_RADIUS
    depth = _signed_distance(breast) / np.float32(canvas.per_mm)
    return Anatomy(canvas, depth, _pectoral(canvas, position, rng) & breast, nipple)


def smooth_curve(corners: Floats, points: int = 200) -> Floats:
    """Return `points` points along a cubic curve through `corners`, (n, 2) with n at least 4."""
    steps = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate([[0], np.cumsum(np.sqrt(steps))])
    curve = make_interp_spline(along, corners, k=3)
    return np.asarray(curve(np.linspace(0, along[-1], points)), np.float32)


def fixed_point(corners: Floats) -> NDArray[np.int32]:
    """Return `corners` as the integers that OpenCV draws with a shift of four bits."""
    return np.rint(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _varied(
    line: list[tuple[float, float]], rng: np.random.Generator, size: float
) -> NDArray[np.float64]:
    corners = np.array(line)
    corners += rng.normal(0, 0.006, corners.shape)
    middle = np.array([0, 0.5])
    return (corners - middle) * size + middle


def _closed_at_chest_wall(skin: Floats) -> Floats:
    return np.vstack([[-50, skin[0, 1]], skin, [-50, skin[-1, 1]]]).astype(np.float32)


def _pectoral(canvas: Canvas, position: Position, rng: np.random.Generator) -> Mask:
    if position == "CC":
        return np.zeros((canvas.rows, canvas.columns), np.bool_)
    field = np.array([canvas.columns, canvas.rows], np.float32) / canvas.per_mm
    return canvas.fill(_closed_at_chest_wall(smooth_curve(_varied(_PECTORAL_EDGE, rng, 1) * field)))


def _signed_distance(mask: Mask) -> Floats:
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return cv2.GaussianBlur(inside - outside, (0, 0), 1.5)
