"""Reading and shrinking the images that networks are trained and judged on."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
"""(rows, columns)."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".pgm", ".bmp", ".tif", ".tiff"}

BT601 = np.array([65.481, 128.553, 24.966]) / 255
"""Luma of 8-bit RGB in 16..235 (ITU-R BT.601), as the super-resolution literature takes it."""


def image_files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the images of `folder` by name."""
    return sorted(path for path in folder.glob(pattern) if path.suffix.lower() in SUFFIXES)


def read_luma(path: Path) -> Grey:
    """Return an image's 8-bit luma; grey images are what they are."""
    with Image.open(path) as image:
        if image.mode in {"L", "1"}:
            return np.asarray(image.convert("L"))
        return luma(np.asarray(image.convert("RGB")))


def luma(rgb: NDArray[np.uint8]) -> Grey:
    """Return the BT.601 luma of (rows, columns, 3), in 16..235."""
    return np.rint(rgb @ BT601 + 16).astype(np.uint8)


def even(pixels: Grey) -> Grey:
    """Return `pixels` without the last row or column where their number is odd."""
    return fitting(pixels, 2)


def fitting(pixels: Grey, scale: int) -> Grey:
    """Return `pixels` without the last rows and columns that make no whole block of `scale`."""
    rows, columns = (length // scale * scale for length in pixels.shape)
    return pixels[:rows, :columns]


def binned(pixels: Grey, scale: int = 2) -> Grey:
    """Return the mean of each block of `scale` x `scale`, halves rounded up (Honjo 2022: 2 x 2).

    Sides must be multiples of `scale`.
    """
    rows, columns = (length // scale for length in pixels.shape)
    blocks = pixels.reshape(rows, scale, columns, scale)
    sums, count = blocks.sum(axis=(1, 3), dtype=np.uint32), scale * scale
    means: Grey = ((2 * sums + count) // (2 * count)).astype(np.uint8)
    return means
