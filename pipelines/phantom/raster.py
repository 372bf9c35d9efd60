"""Drawing: a raster measured in millimetres, polygons, lines and blur."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_HALF = 127
_SUBPIXEL_BITS = 4  # how finely OpenCV places a corner


@dataclass(frozen=True, slots=True)
class Canvas:
    """A raster of square cells, `per_mm` of them to the millimetre."""

    rows: int
    columns: int
    per_mm: float

    @property
    def size(self) -> Floats:
        """Width and height in millimetres."""
        return np.array([self.columns, self.rows], np.float32) / np.float32(self.per_mm)

    def blank(self) -> Floats:
        """Return zeros in the shape of the canvas."""
        return np.zeros((self.rows, self.columns), np.float32)

    def fill(self, corners: Floats) -> Mask:
        """Return the cells within a polygon, (corners, 2) of x and y in millimetres."""
        picture = filled((self.rows, self.columns), corners * np.float32(self.per_mm))
        return picture > _HALF

    def offsets_from(self, point: Floats) -> tuple[Floats, Floats]:
        """Return how far cells lie right of and below `point`, (1, columns) and (rows, 1), mm."""
        x = np.arange(self.columns, dtype=np.float32) / np.float32(self.per_mm) - point[0]
        y = np.arange(self.rows, dtype=np.float32) / np.float32(self.per_mm) - point[1]
        return x[None, :], y[:, None]


def point(x: float, y: float) -> Floats:
    """Return the point (x, y)."""
    return np.array([x, y], np.float32)


def smooth_curve(corners: NDArray[np.floating], points: int = 200) -> Floats:
    """Return `points` points along a cubic curve through `corners`, (n, 2) with n at least 4."""
    steps = np.hypot(*np.diff(corners, axis=0).T)
    along = np.concatenate([[0], np.cumsum(np.sqrt(steps))])
    curve = make_interp_spline(along, corners, k=3)
    return np.asarray(curve(np.linspace(0, along[-1], points)), np.float32)


def filled(shape: tuple[int, int], corners: Floats) -> Bytes:
    """Return 255 in the polygon of (corners, 2) x and y in pixels, 0 outside, smooth between."""
    picture = np.zeros(shape, np.uint8)
    cv2.fillPoly(picture, [_fixed_point(corners)], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return picture


def draw_line(picture: Bytes, path: Floats, width: float, shade: int) -> None:
    """Draw a smooth-edged line along `path`, (points, 2) of x and y in pixels, into `picture`."""
    thickness = max(1, round(width))
    corners = [_fixed_point(path)]
    cv2.polylines(
        picture, corners, isClosed=False, color=(shade,), thickness=thickness,
        lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS,
    )  # fmt: skip


def blurred(values: NDArray[np.generic], deviation: float) -> Floats:
    """Return `values` under a Gaussian of that standard deviation in pixels."""
    floats = values.astype(np.float32, copy=False)
    return np.asarray(cv2.GaussianBlur(floats, (0, 0), deviation), np.float32)


def resized(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return `values` in another shape, interpolated cubically."""
    rows, columns = shape
    size = (columns, rows)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_CUBIC), np.float32)


def signed_distance(mask: Mask) -> Floats:
    """Return each cell's distance to the border of `mask` in cells, negative outside it."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(inside - outside, np.float32)


def _fixed_point(corners: Floats) -> NDArray[np.int32]:
    return np.rint(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
