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
    rows, columns = pixels.shape
    return pixels[: rows // 2 * 2, : columns // 2 * 2]


def binned(pixels: Grey) -> Grey:
    """Return the mean of each 2 x 2 block, halves rounded up (Honjo 2022); sides must be even."""
    wide = pixels.astype(np.uint16)
    sums = wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]
    return ((sums + 2) // 4).astype(np.uint8)
