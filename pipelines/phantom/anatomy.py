"""The shape of a compressed breast: its skin line, its nipple and the pectoral muscle.

Lengths are millimetres on a field that is always 287 mm high, with x away from the chest wall and
y downwards, as a left breast is shown.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.phantom.raster import (
    Canvas,
    Floats,
    Mask,
    blurred,
    point,
    signed_distance,
    smooth_curve,
)

Position = Literal["CC", "MLO"]

FIELD_HEIGHT = 287.0
_WIDEST = 240.0  # a wider field has more air, not more breast

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


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Where things are: `depth` is the distance to the skin in millimetres, negative outside."""

    canvas: Canvas
    depth: Floats
    pectoral: Mask
    nipple: Floats


def anatomy(canvas: Canvas, position: Position, rng: np.random.Generator, size: float) -> Anatomy:
    """Return a breast on `canvas`, `size` times the usual one and its skin line varied by `rng`."""
    skin = smooth_curve(_varied(_SKIN_LINES[position], rng, size) * _reach(canvas))
    nipple = skin[np.argmax(skin[:, 0])] - point(0.35 * _NIPPLE_RADIUS, 0)
    breast = canvas.fill(_closed_at_chest_wall(skin))
    breast |= np.hypot(*canvas.offsets_from(nipple)) < _NIPPLE_RADIUS
    depth = blurred(signed_distance(breast), 1.5) / np.float32(canvas.per_mm)
    return Anatomy(canvas, depth, _pectoral(canvas, position, rng) & breast, nipple)


def _varied(
    line: list[tuple[float, float]], rng: np.random.Generator, size: float
) -> NDArray[np.float64]:
    middle = np.array([0, 0.5])
    corners = np.array(line) + rng.normal(0, 0.006, (len(line), 2)) - middle
    return np.asarray(size * corners + middle, np.float64)


def _reach(canvas: Canvas) -> Floats:
    """Return the width and height that outlines are shares of."""
    return np.minimum(canvas.size, point(_WIDEST, FIELD_HEIGHT))


def _closed_at_chest_wall(skin: Floats) -> Floats:
    return np.vstack([point(-50, skin[0, 1]), skin, point(-50, skin[-1, 1])])


def _pectoral(canvas: Canvas, position: Position, rng: np.random.Generator) -> Mask:
    if position == "CC":
        return np.zeros((canvas.rows, canvas.columns), np.bool_)
    edge = smooth_curve(_varied(_PECTORAL_EDGE, rng, 1) * _reach(canvas))
    return canvas.fill(_closed_at_chest_wall(edge))
