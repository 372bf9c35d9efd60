"""Findings with a known place: a mass and a cluster of microcalcifications."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.phantom.anatomy import Anatomy
from pipelines.phantom.raster import Floats, blurred, draw_line, filled, point

Margin = Literal["lobulated", "spiculated"]

_MARGINS: tuple[Margin, ...] = get_args(Margin)
_MASS_BRIGHTNESS = 0.2
_CALCIFICATION_BRIGHTNESS = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Mass:
    """A mass as it was drawn, in pixels: `outline` is (corners, 2) of row and column."""

    row: float
    column: float
    radius: float
    margin: Margin
    outline: Floats

    def mirrored(self, columns: int) -> "Mass":
        """Return the same mass in the image flipped from left to right."""
        outline = np.stack([self.outline[:, 0], columns - 1 - self.outline[:, 1]], axis=1)
        return Mass(self.row, columns - 1 - self.column, self.radius, self.margin, outline)


def draw_mass(pixels: Floats, anatomy: Anatomy, rng: np.random.Generator) -> Mass:
    """Add a mass of 5 to 9 mm radius to `pixels`, well inside the breast, and return it."""
    per_mm = pixels.shape[0] * anatomy.canvas.per_mm / anatomy.canvas.rows
    radius = float(rng.uniform(5, 9))
    column, row = place(anatomy, rng, radius + 8) * per_mm
    radius *= per_mm
    margin = _MARGINS[rng.integers(len(_MARGINS))]
    outline = _outline(rng, radius, 0.16 if margin == "lobulated" else 0.09)
    half = int(np.ceil(2.6 * radius))
    stamp = _body(outline, half, 0.12 * radius)
    if margin == "spiculated":
        stamp = np.maximum(stamp, 0.55 * _spicules(rng, radius, half))
    _add(pixels, _MASS_BRIGHTNESS * stamp, round(row), round(column))
    corners = outline[:, ::-1] + point(round(row), round(column))
    return Mass(round(row), round(column), radius, margin, corners)


def draw_calcifications(
    pixels: Floats, anatomy: Anatomy, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Add a cluster of 8 to 16 sharp specks and return their places, (specks, 2) of row, column."""
    per_mm = pixels.shape[0] * anatomy.canvas.per_mm / anatomy.canvas.rows
    centre = place(anatomy, rng, 12)[::-1]
    scattered = rng.normal(centre, 3.5, (int(rng.integers(8, 17)), 2)) * per_mm
    places = np.asarray(np.clip(np.rint(scattered), 0, np.array(pixels.shape) - 1), np.int64)
    for row, column in places:
        brightness = _CALCIFICATION_BRIGHTNESS * rng.uniform(0.6, 1)
        _add(pixels, brightness * _speck(rng, rng.uniform(0.1, 0.28) * per_mm), row, column)
    return places


def place(anatomy: Anatomy, rng: np.random.Generator, margin: float) -> Floats:
    """Return a point (x, y) at least `margin` mm inside the breast and off the muscle, if any is.

    Where the breast is too small for that, the point deepest inside it.
    """
    canvas = anatomy.canvas
    depth = np.where(anatomy.pectoral, 0, anatomy.depth)
    near_chest_wall = int(margin * canvas.per_mm)
    allowed = depth > margin
    allowed[:, :near_chest_wall] = False
    allowed[:near_chest_wall] = allowed[canvas.rows - near_chest_wall :] = False
    cells = np.flatnonzero(allowed)
    cell = cells[rng.integers(cells.size)] if cells.size else int(np.argmax(depth))
    row, column = divmod(int(cell), canvas.columns)
    return point(column, row) / np.float32(canvas.per_mm)


def _outline(rng: np.random.Generator, radius: float, lobes: float) -> Floats:
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    reach = np.full(angles.shape, radius)
    for waves in range(2, 6):
        reach += (
            radius * lobes / np.sqrt(waves) * np.sin(waves * angles + rng.uniform(0, 2 * np.pi))
        )
    return np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1).astype(np.float32)


def _body(outline: Floats, half: int, softness: float) -> Floats:
    corners = outline + np.float32(half)
    return blurred(filled((2 * half + 1, 2 * half + 1), corners), max(0.3, softness)) / np.float32(
        255
    )


def _spicules(rng: np.random.Generator, radius: float, half: int) -> Floats:
    lines = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 18) + rng.normal(0, 0.12, 18)
    for angle, reach in zip(angles, rng.uniform(1.3, 2.3, 18), strict=True):
        bends = angle + np.cumsum(rng.normal(0, 0.02, 6))
        along = np.linspace(0.6, reach, 6) * radius
        path = np.stack([along * np.cos(bends), along * np.sin(bends)], axis=1) + half
        draw_line(lines, path.astype(np.float32), 0.04 * radius, 255)
    return blurred(lines, max(0.3, 0.02 * radius)) / np.float32(255)


def _speck(rng: np.random.Generator, radius: float) -> Floats:
    """Return a speck of about that radius in pixels, drawn out in some direction."""
    half = int(np.ceil(2 * radius)) + 1
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    angle, stretch = rng.uniform(0, np.pi), np.sqrt(rng.uniform(1, 2.5))
    along = offsets[None, :] * np.cos(angle) + offsets[:, None] * np.sin(angle)
    across = offsets[:, None] * np.cos(angle) - offsets[None, :] * np.sin(angle)
    distance = np.hypot(along / stretch, across * stretch) / max(radius, 0.8)
    return np.asarray(np.exp(-(distance**4)), np.float32)


def _add(pixels: Floats, stamp: Floats, row: int, column: int) -> None:
    """Add `stamp` centred on (row, column), cut off at the borders."""
    half = stamp.shape[0] // 2
    top, left = row - half, column - half
    rows = slice(max(0, top), min(pixels.shape[0], row + half + 1))
    columns = slice(max(0, left), min(pixels.shape[1], column + half + 1))
    part = stamp[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    pixels[rows, columns] += part
