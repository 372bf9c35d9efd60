"""The two pictures of a case as they are shown."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from pipelines.display import LINEAR, Voi, Window
from pipelines.mammogram.read import Grey, Pixels
from service.errors import BadObjectError
from service.reader_study.pairing import PNG
from service.tiles.picture import Picture, Stored, as_shown, from_dicom

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS_OF_BYTE = 8
MOST_STRETCH = 0.02
"""By how much the shapes of the two pictures of a case may differ."""


def open_pair(paths: Sequence[Path]) -> tuple[Picture, Picture]:
    """Return the original and the super-resolved picture.

    Raises:
        BadObjectError: one cannot be read, or they are not of the same field.
        UnavailableError: one is not there, or the disk fails.
    """
    with ThreadPoolExecutor(len(paths)) as pool:
        original, large = pool.map(_opened, paths)
    _check_shapes(original.pixels, large.pixels)
    return as_shown(original), as_shown(large)


def _opened(path: Path) -> Stored:
    return _from_png(path) if path.suffix.lower() == PNG else from_dicom(path)


def read_png(path: Path) -> Grey:
    """Return a grey PNG of 8 or 16 bits; of the 16 as many count as its highest value needs.

    Raises:
        BadObjectError: it is none.
    """
    samples: NDArray[Any] | None = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise BadObjectError("a picture cannot be read: it is no PNG")
    if samples.ndim > len(("rows", "columns")):
        colours = samples[..., :3]
        if (colours != colours[..., :1]).any():
            raise BadObjectError("a picture cannot be read: it is in colour")
        samples = colours[..., 0]
    bits = BITS_OF_BYTE if samples.dtype == np.uint8 else _bits_of(int(samples.max()))
    return Grey(samples.astype(np.uint16), bits, 1, 0, None)


def _bits_of(highest: int) -> int:
    """Return how many bits were stored where the highest value is this one: an even number."""
    return max(BITS_OF_BYTE, highest.bit_length() + highest.bit_length() % 2)


def _from_png(path: Path) -> Stored:
    grey = read_png(path)
    whole = Voi(LINEAR, (Window((grey.top + 1) / 2, grey.top + 1),), ())
    return Stored(grey.pixels, whole, grey.top)


def _check_shapes(original: Pixels, large: Pixels) -> None:
    rows, columns = (new / old for new, old in zip(large.shape, original.shape, strict=True))
    if min(rows, columns) < 1 or abs(rows / columns - 1) > MOST_STRETCH:
        raise BadObjectError(
            f"the super-resolved picture is {large.shape[1]} x {large.shape[0]} and the original "
            f"{original.shape[1]} x {original.shape[0]}: they do not show the same field"
        )
