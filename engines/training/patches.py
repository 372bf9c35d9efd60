"""Random patches of high resolution and their binned counterparts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from engines.evaluation.areas import breast
from engines.images import Grey, binned

SHRINKINGS = (1.0, 0.9, 0.8, 0.7, 0.6)
"""Each image also joins in these sizes (Dong 2016, section 4.1)."""

DARKEST, BRIGHTEST = 16, 235
"""Of BT.601 luma."""

RIM_OUTSIDE, RIM_INSIDE = 2, 3
"""How far from the edge of the breast its rim reaches, in pixels."""

AWAY = 1 / 3
"""How far from the middle of a patch the pixel may be that it is drawn around, in its sides."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Patches as the network takes them and as it should answer: (patches, 1, rows, columns)."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]


class Source(Protocol):
    """Something that patches are drawn from."""

    def draw(self, chance: np.random.Generator) -> Grey:
        """Return one patch of high resolution."""


class Pictures:
    """Patches from anywhere in natural images, turned, mirrored and toned."""

    def __init__(self, images: Iterable[Grey], side: int) -> None:
        """Draw patches of `side` x `side` pixels.

        Raises:
            ValueError: no image is so large.
        """
        self._images = [image for image in images if min(image.shape) >= side]
        if not self._images:
            raise ValueError(f"no image is {side} x {side} pixels or larger")
        self._side = side
        areas = np.array([image.size for image in self._images], dtype=float)
        self._chances = areas / areas.sum()

    def draw(self, chance: np.random.Generator) -> Grey:
        """Return one patch."""
        image = self._images[chance.choice(len(self._images), p=self._chances)]
        row, column = (chance.integers(0, length - self._side + 1) for length in image.shape)
        patch = image[row : row + self._side, column : column + self._side]
        return toned(turned(patch, chance), chance)


class Spots:
    """Patches around pixels of films, turned and mirrored."""

    def __init__(
        self, images: Sequence[Grey], areas: Sequence[NDArray[np.bool_]], side: int
    ) -> None:
        """Draw patches of `side` x `side` pixels around pixels of `areas`."""
        places = [np.flatnonzero(area) for area in areas]
        self._films = [pair for pair in zip(images, places, strict=True) if pair[1].size]
        self._side = side

    def draw(self, chance: np.random.Generator) -> Grey:
        """Return one patch."""
        image, places = self._films[chance.integers(len(self._films))]
        middle = np.unravel_index(places[chance.integers(places.size)], image.shape)
        away = chance.uniform(-AWAY, AWAY, 2) * self._side
        corner = np.rint(np.array(middle) + away - self._side / 2).astype(int)
        row, column = np.clip(corner, 0, np.array(image.shape) - self._side)
        return turned(image[row : row + self._side, column : column + self._side], chance)


def within(images: Sequence[Grey], side: int) -> Spots:
    """Return what draws patches from the breasts on films."""
    return Spots(images, [breast(image) for image in images], side)


def on_rims(images: Sequence[Grey], side: int) -> Spots:
    """Return what draws patches from where the breasts on films end: at air or the film's edge.

    Half of what a bicubic enlargement gets wrong is there, in few pixels.
    """
    return Spots(images, [rim(breast(image)) for image in images], side)


def rim(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels near the edge of `area`."""
    wide = ndimage.binary_dilation(area, iterations=RIM_OUTSIDE)
    narrow = ndimage.binary_erosion(area, iterations=RIM_INSIDE)
    near: NDArray[np.bool_] = wide & ~narrow
    return near


def pair_of(patches: Sequence[Grey], scale: int) -> Pair:
    """Return patches and what binning makes of them."""
    return Pair(batch_of([binned(patch, scale) for patch in patches]), batch_of(patches))


def in_all_sizes(images: Iterable[Grey]) -> list[Grey]:
    """Return each image and its shrunken versions."""
    return [shrunken(image, factor) for image in images for factor in SHRINKINGS]


def shrunken(image: Grey, factor: float) -> Grey:
    """Return `image` at `factor` of its size."""
    if factor == 1:
        return image
    rows, columns = (round(length * factor) for length in image.shape)
    return np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.LANCZOS))


def turned(patch: Grey, chance: np.random.Generator) -> Grey:
    """Return one of the eight ways in which a square can lie."""
    quarter_turns, mirrored = divmod(int(chance.integers(8)), 2)
    patch = np.rot90(patch, quarter_turns)
    return np.fliplr(patch) if mirrored else patch


def toned(patch: Grey, chance: np.random.Generator) -> Grey:
    """Return `patch` as it is, or one time in four stretched to 0..255, or inverted.

    Images in use fill their range, and MONOCHROME1 is stored with black as the highest value.
    """
    match int(chance.integers(4)):
        case 0:
            stretched = (patch.astype(float) - DARKEST) * 255 / (BRIGHTEST - DARKEST)
            return np.clip(np.rint(stretched), 0, 255).astype(np.uint8)
        case 1:
            return 255 - patch
        case _:
            return patch


def batch_of(patches: Sequence[Grey]) -> NDArray[np.float32]:
    """Return patches of one size as (patches, 1, rows, columns) in 0..1."""
    values: NDArray[np.float32] = np.stack(patches)[:, None].astype(np.float32)
    return np.divide(values, 255, out=values)
