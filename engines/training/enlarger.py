"""Training of a small EDSR x3 (Lim 2017) on natural images in grey.

Low resolution by 3 x 3 binning, as Honjo 2022 has it for x2; mean absolute error (Lim 2017).
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from engines.cad.window import Shades
from engines.images import Grey, image_files, read_luma
from engines.networks.edsr import EDSR
from engines.training.distort import one_of, stacked
from engines.training.loop import Plan
from engines.training.patches import in_all_sizes, toned, turned

SCALE = 3

BLOCKS, FILTERS = 8, 32

PLAN = Plan(epochs=20, steps=100, rate=1e-3, decay=0, averaging=0.995)

BATCH, SIDE = 8, 24

PARTS = ("natural/train", "natural/val")


class Enlarging:
    """A course: natural images to learn from and to validate on."""

    figure = "psnr"

    def __init__(self, images: Sequence[Grey], held: Sequence[Grey]) -> None:
        wide = in_all_sizes(images)
        self._images = [image for image in wide if min(image.shape) >= SCALE * SIDE]
        self._held = [fitting(image) for image in held]

    def network(self) -> nn.Module:
        """Return a narrow EDSR of few blocks."""
        return EDSR(SCALE, BLOCKS, FILTERS, residual_scaling=1.0)

    def loss(self, network: nn.Module, chance: np.random.Generator) -> Tensor:
        """Return the mean absolute error on some patches."""
        high = [self._patch(chance) for _ in range(BATCH)]
        low = [shrunken(one) for one in high]
        answer = network(torch.from_numpy(stacked(low)))
        return nn.functional.l1_loss(answer, torch.from_numpy(stacked(high)))

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Return the means over images of the PSNR in dB, by the network and by cubic splines."""
        ours, theirs = [], []
        for image in self._held:
            low = shrunken(image)
            answer = network(torch.from_numpy(stacked([low])))[0, 0].numpy()
            ours.append(psnr(answer, image))
            rows, columns = image.shape
            theirs.append(
                psnr(cv2.resize(low, (columns, rows), interpolation=cv2.INTER_CUBIC), image)
            )
        return {"psnr": float(np.mean(ours)), "psnr of cubic splines": float(np.mean(theirs))}

    def _patch(self, chance: np.random.Generator) -> Shades:
        image, side = one_of(self._images, chance), SCALE * SIDE
        row, column = (chance.integers(0, length - side + 1) for length in image.shape)
        patch = toned(turned(image[row : row + side, column : column + side], chance), chance)
        return shades_of(patch)


def read(data: Path) -> Enlarging:
    """Return the course on what is in `data`.

    Raises:
        FileNotFoundError: there are no images.
    """
    found = [[read_luma(path) for path in image_files(data / part)] for part in PARTS]
    for part, images in zip(PARTS, found, strict=True):
        if not images:
            raise FileNotFoundError(f"no images in {data / part}")
    return Enlarging(*found)


def fitting(image: Grey) -> Shades:
    """Return `image` in 0..1 without the last rows and columns that make no whole block."""
    rows, columns = (length // SCALE * SCALE for length in image.shape)
    return shades_of(image[:rows, :columns])


def shades_of(image: Grey) -> Shades:
    """Return `image` in 0..1."""
    made: Shades = np.divide(image, 255, dtype=np.float32)
    return made


def shrunken(image: Shades) -> Shades:
    """Return the mean of each 3 x 3 block."""
    rows, columns = (length // SCALE for length in image.shape)
    made: Shades = image.reshape(rows, SCALE, columns, SCALE).mean(axis=(1, 3))
    return made


def psnr(answer: Shades, wanted: Shades) -> float:
    """Return the PSNR in dB of what is 0..1, without the outermost pixels."""
    inner = slice(SCALE, -SCALE)
    error = np.mean((np.clip(answer, 0, 1) - wanted)[inner, inner] ** 2, dtype=float)
    return -10 * math.log10(error)
