"""Random patches of high resolution and their binned counterparts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.images import Grey, binned

SHRINKINGS = (1.0, 0.9, 0.8, 0.7, 0.6)
"""Each image also joins in these sizes (Dong 2016, section 4.1)."""

DARKEST, BRIGHTEST = 16, 235
"""Of BT.601 luma."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Patches as the network takes them and as it should answer: (patches, 1, rows, columns)."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]


class Patches:
    """Draws patches from images that stay in memory."""

    def __init__(self, images: Sequence[Grey], side: int) -> None:
        """Draw from `images` patches of `side` x `side` pixels of low resolution."""
        self._images = [image for image in images if min(image.shape) >= 2 * side]
        if not self._images:
            raise ValueError(f"no image is {2 * side} x {2 * side} pixels or larger")
        self._side = side
        areas = np.array([image.size for image in self._images], dtype=float)
        self._chances = areas / areas.sum()

    def draw(self, count: int, chance: np.random.Generator) -> Pair:
        """Return `count` patches, each turned, mirrored and toned at random."""
        chosen = chance.choice(len(self._images), size=count, p=self._chances)
        high = [toned(turned(self._crop(index, chance), chance), chance) for index in chosen]
        return Pair(batch_of([binned(patch) for patch in high]), batch_of(high))

    def _crop(self, index: int, chance: np.random.Generator) -> Grey:
        image, side = self._images[index], 2 * self._side
        row, column = (chance.integers(0, length - side + 1) for length in image.shape)
        return image[row : row + side, column : column + side]


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
