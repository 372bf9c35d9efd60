"""A mammogram made from nothing but a seed, with what is known to be in it."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.phantom.anatomy import FIELD_HEIGHT, Anatomy, Position, anatomy
from pipelines.phantom.lesions import Mass, draw_calcifications, draw_mass
from pipelines.phantom.raster import Canvas, Floats, Mask, blurred, resized
from pipelines.phantom.tissue import draw_ducts, tissue

View = Literal["RCC", "LCC", "RMLO", "LMLO"]
VIEWS: tuple[View, ...] = get_args(View)

_CANVAS_ROWS = 1024  # anatomy has nothing finer than a thousandth of the field
_SMALLEST = 32
_DUCT_BRIGHTNESS = 0.07
_NOISE = 0.008  # PIQE of full fields is then 8, that of films 8 to 12


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A mammogram and its truth.

    `pixels` are 0 (air, black) to 1; `breast` and `pectoral` are masks of the same shape;
    `calcifications` is (specks, 2) of row and column.
    """

    pixels: Floats
    breast: Mask
    pectoral: Mask
    mass: Mass
    calcifications: NDArray[np.int64]


def phantom(view: View = "LCC", rows: int = 512, columns: int = 416, seed: int = 1) -> Phantom:
    """Return the mammogram of this seed in this view, always the same.

    The same seed is the same woman: her four views agree in size and density of the breast.

    Raises:
        ValueError: `view` is none of `VIEWS`, or the image would be smaller than 32 x 32.
    """
    if view not in VIEWS:
        raise ValueError(f"view is {view!r}: expected one of {', '.join(VIEWS)}")
    if min(rows, columns) < _SMALLEST:
        raise ValueError(f"{rows} x {columns} pixels are too few: at least 32 x 32")
    position: Position = "CC" if view.endswith("CC") else "MLO"
    left = _left_phantom(position, (rows, columns), seed, VIEWS.index(view))
    return left if view.startswith("L") else _mirrored(left)


def _left_phantom(position: Position, shape: tuple[int, int], seed: int, number: int) -> Phantom:
    woman = np.random.default_rng(seed)
    size, density = float(woman.uniform(0.86, 1.04)), float(woman.uniform(0.2, 0.8))
    rng = np.random.default_rng((seed, number))
    shapes = anatomy(_canvas(*shape), position, rng, size)
    pixels = resized(tissue(shapes, rng, density), shape)
    breast = resized(shapes.depth, shape) > 0
    pectoral = resized(shapes.pectoral.astype(np.float32), shape).round() > 0
    _add_ducts(pixels, shapes, rng)
    mass = draw_mass(pixels, shapes, rng)
    calcifications = draw_calcifications(pixels, shapes, rng)
    _add_noise(pixels, rng)
    pixels *= breast
    np.clip(pixels, 0, 1, out=pixels)
    return Phantom(pixels, breast, pectoral & breast, mass, calcifications)


def _canvas(rows: int, columns: int) -> Canvas:
    reduction = max(1, rows / _CANVAS_ROWS)
    canvas_rows = round(rows / reduction)
    return Canvas(canvas_rows, max(1, round(columns / reduction)), canvas_rows / FIELD_HEIGHT)


def _add_ducts(pixels: Floats, shapes: Anatomy, rng: np.random.Generator) -> None:
    lines = np.zeros(pixels.shape, np.uint8)
    draw_ducts(shapes, rng, lines)
    ducts = blurred(lines, max(0.5, pixels.shape[0] / 4096))
    ducts *= np.float32(_DUCT_BRIGHTNESS / 255)
    pixels += ducts


def _add_noise(pixels: Floats, rng: np.random.Generator) -> None:
    noise = blurred(rng.standard_normal(pixels.shape, np.float32), 0.5)
    noise *= np.float32(_NOISE)
    pixels += noise


def _mirrored(left: Phantom) -> Phantom:
    columns = left.pixels.shape[1]
    places = left.calcifications * [1, -1] + [0, columns - 1]
    return Phantom(
        np.ascontiguousarray(left.pixels[:, ::-1]),
        np.ascontiguousarray(left.breast[:, ::-1]),
        np.ascontiguousarray(left.pectoral[:, ::-1]),
        left.mass.mirrored(columns),
        places,
    )
