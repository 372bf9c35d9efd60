"""Images of the collections as arrays, and arrays as PNG."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from pipelines.errors import CannotProcessError
from pipelines.mammogram.attributes import numbers
from pipelines.mammogram.read import Pixels, read
from service.errors import NodeError
from service.ledger.reading import read_file

Tones = NDArray[np.uint8]
"""(rows, columns), 0 black and 255 white."""

Mask = NDArray[np.bool_]
"""(rows, columns)."""

AGAIN = " (if it was cut off on its way, get it again)"

LARGEST_DICOM = 1 << 28
"""Bytes of a file: the largest film of CBIS-DDSM has 80 million."""


def read_dicom(path: Path) -> Dataset:
    """Return the object in the DICOM file at `path`.

    Raises:
        ValueError: it is too large, or cannot be read.
    """
    if path.stat().st_size > LARGEST_DICOM:
        raise ValueError(f"{path}: larger than {LARGEST_DICOM >> 20} MB")
    try:
        return read_file(path)
    except NodeError as error:
        raise ValueError(f"{path}: {error}{AGAIN}") from error


def read_pixels(path: Path) -> Pixels:
    """Return the values in the DICOM file at `path`, higher where it is brighter.

    Raises:
        ValueError: it cannot be read, or its pixels are missing or broken.
    """
    try:
        return read(read_dicom(path)).pixels
    except CannotProcessError as error:
        raise ValueError(f"{path}: {error}{AGAIN}") from error


def spacing_of(image: Dataset) -> float | None:
    """Return the distance of the pixels in mm, None where it is not said, or not square."""
    for keyword in ("ImagerPixelSpacing", "PixelSpacing"):
        down, *across = numbers(image, keyword) or (0.0,)
        if down > 0 and across == [down]:
            return down
    return None


def read_pgm(path: Path, side: int) -> Tones:
    """Return the grey values in the PGM file at `path`, which has `side` x `side` of 8 bits.

    Raises:
        OSError: it cannot be read, or is cut off.
        ValueError: it is something else.
    """
    try:
        with Image.open(path, formats=["PPM"]) as image:
            if image.size != (side, side) or image.mode != "L":
                columns, rows = image.size
                raise ValueError(
                    f"{path}: {columns} x {rows} pixels ({image.mode}); the coordinates are for "
                    f"the original {side} x {side} of 8 bits"
                )
            return np.asarray(image)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path}: {error}") from error
    except OSError as error:
        raise OSError(f"{path}: {error}{AGAIN}") from error


def as_png(pixels: Tones | Mask) -> bytes:
    """Return an image as PNG: 8 bits of grey, or one bit of a mask."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
