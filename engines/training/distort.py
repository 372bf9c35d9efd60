"""Images as another machine, another film or another day would have made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cad.window import Shades

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far images are changed at most.

    `darkest` and `brightest` are where 0 and 1 go, `beyond` is what OpenCV puts beyond the edges.
    """

    turn: float = 25.0
    zoom: float = 1.3
    darkest: tuple[float, float] = (-0.1, 0.15)
    brightest: tuple[float, float] = (0.8, 1.15)
    gamma: float = 1.5
    slope: float = 0.15
    blur: float = 1.0
    noise: float = 0.03
    beyond: int = cv2.BORDER_CONSTANT


def warped(
    maps: Sequence[Shades], middle: tuple[float, float], side: int, bounds: Bounds,
    chance: np.random.Generator,
) -> list[Shades]:  # fmt: skip
    """Return squares of maps around `middle`, (x, y), all turned, mirrored and zoomed alike."""
    angle = np.deg2rad(chance.uniform(-bounds.turn, bounds.turn))
    zoom = np.exp(chance.uniform(-1, 1) * np.log(bounds.zoom))
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    mirrors = np.diag(chance.choice([-1, 1], 2))
    turn = np.array([[cosine, -sine], [sine, cosine]]) @ mirrors
    shift = np.array(middle) - 0.5 - turn @ np.full(2, side / 2 - 0.5)  # of middles of pixels
    matrix = np.column_stack([turn, shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size, border = (side, side), bounds.beyond
    return [cv2.warpAffine(one, matrix, size, flags=flags, borderMode=border) for one in maps]


def tinted(shades: Shades, bounds: Bounds, chance: np.random.Generator) -> Shades:
    """Return `shades` with other tones, sharpness and noise, in 0..1."""
    side = np.linspace(-1, 1, shades.shape[0]), np.linspace(-1, 1, shades.shape[1])
    down, across = chance.uniform(-bounds.slope, bounds.slope, 2)
    gamma = np.exp(chance.uniform(-1, 1) * np.log(bounds.gamma))
    dark, bright = chance.uniform(*bounds.darkest), chance.uniform(*bounds.brightest)
    made = dark + (bright - dark) * np.clip(shades, 0, 1) ** gamma
    made = made + down * side[0][:, None] + across * side[1]
    if (width := chance.uniform(-bounds.blur, bounds.blur)) > 0.2:  # noqa: PLR2004 - hardly any
        made = cv2.GaussianBlur(made, (0, 0), width)
    made = made + chance.normal(0, chance.uniform(0, bounds.noise), shades.shape)
    distorted: Shades = np.clip(made, 0, 1).astype(np.float32)
    return distorted


def stacked(maps: Sequence[Shades]) -> NDArray[np.float32]:
    """Return maps of one size as a batch of one channel: (maps, 1, rows, columns)."""
    batch: NDArray[np.float32] = np.stack(maps)[:, None].astype(np.float32)
    return batch


def one_of(things: Sequence[Thing], chance: np.random.Generator) -> Thing:
    """Return any of `things`."""
    return things[int(chance.integers(len(things)))]
