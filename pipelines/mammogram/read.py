"""The pixels of an image, whatever the vendor stored, on one footing."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.mammogram.attributes import integer, items, number, text
from pipelines.mammogram.decode import Samples, decoded
from pipelines.mammogram.lookup import lookup

Pixels = NDArray[np.uint16]
"""(rows, columns), 0 is the darkest value that can be stored."""


@dataclass(frozen=True)
class Grey:
    """An image as unsigned values 0..`top`, where more is brighter.

    A value `v` of the source after its modality transformation is `gain * v + bias` here: `gain`
    is negative for MONOCHROME1. `padding` is the lowest and highest value that pads, here.
    """

    pixels: Pixels
    bits: int
    gain: float
    bias: float
    padding: tuple[int, int] | None

    @property
    def top(self) -> int:
        """The highest value that can be stored."""
        return (1 << self.bits) - 1

    @cached_property
    def background(self) -> NDArray[np.bool_]:
        """Where the image holds nothing: the padding; without one, the inside of flat black."""
        if self.padding is not None:
            low, high = self.padding
            return (self.pixels >= low) & (self.pixels <= high)
        return _inside(self.pixels == 0)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The lowest and highest value outside the background; 0 and `top` if that is flat."""
        shown = ~self.background
        if not shown.any():
            return 0, self.top
        low = int(np.min(self.pixels, where=shown, initial=self.top))
        high = int(np.max(self.pixels, where=shown, initial=0))
        return (low, high) if low < high else (0, self.top)


def read(image: Dataset) -> Grey:
    """Return the stored values of a single greyscale frame, before any VOI transformation.

    Raises:
        CannotProcessError: the pixel data is missing, too large or broken.
    """
    samples = decoded(image)
    bits, signed = integer(image, "BitsStored") or 0, integer(image, "PixelRepresentation") == 1
    offset = 1 << (bits - 1) if signed else 0
    stored = _shifted(samples, image) if _misplaced(image) else samples
    pixels = np.clip(stored.astype(np.int32) + offset, 0, (1 << bits) - 1).astype(np.uint16)
    return _brightening(image, pixels, bits, offset)


def _misplaced(image: Dataset) -> bool:
    high_bit, bits = integer(image, "HighBit"), integer(image, "BitsStored")
    return high_bit is not None and bits is not None and high_bit >= bits


def _shifted(samples: Samples, image: Dataset) -> NDArray[np.int32]:
    """Return `samples` from bits that do not start at bit 0 (PS3.5 8.1.1, before 2014)."""
    bits, high_bit = integer(image, "BitsStored") or 0, integer(image, "HighBit") or 0
    values = (samples.astype(np.int32) >> (high_bit + 1 - bits)) & ((1 << bits) - 1)
    if integer(image, "PixelRepresentation") == 1:
        values = np.where(values >> (bits - 1), values - (1 << bits), values)
    return values.astype(np.int32)


def _brightening(image: Dataset, pixels: Pixels, bits: int, offset: int) -> Grey:
    padding = _padding(image, bits, offset)
    slope, intercept = number(image, "RescaleSlope") or 1.0, number(image, "RescaleIntercept") or 0
    table = _modality_lookup(image)
    if table is not None:
        pixels, padding, bits = table(pixels.astype(np.int32) - offset), None, table.bits
        slope, intercept, offset = 1.0, 0, 0
    top = (1 << bits) - 1
    dark_is_high = text(image, "PhotometricInterpretation") == "MONOCHROME1"
    gain = (-1 if dark_is_high else 1) / abs(slope)
    bias = offset - intercept / slope
    if dark_is_high != (slope < 0):
        return Grey(top - pixels, bits, gain, top - bias, padding and _complement(padding, top))
    return Grey(pixels, bits, gain, bias, padding)


def _modality_lookup(image: Dataset):
    for item in items(image, "ModalityLUTSequence"):
        signed = integer(image, "PixelRepresentation") == 1
        return lookup(item, signed=signed, little_endian=is_little_endian(image))
    return None


def _padding(image: Dataset, bits: int, offset: int) -> tuple[int, int] | None:
    value = integer(image, "PixelPaddingValue")
    if value is None:
        return None
    limit = integer(image, "PixelPaddingRangeLimit")
    ends = [_as_stored(end, image) + offset for end in (value, value if limit is None else limit)]
    low, high = (int(np.clip(end, 0, (1 << bits) - 1)) for end in sorted(ends))
    return low, high


def _as_stored(value: int, image: Dataset) -> int:
    """Return a padding value in the image's own sign: many are written in the other one."""
    allocated = integer(image, "BitsAllocated") or 16
    if integer(image, "PixelRepresentation") == 1:
        return value - (1 << allocated) if value >= 1 << (allocated - 1) else value
    return value % (1 << allocated)


def _complement(ends: tuple[int, int], top: int) -> tuple[int, int]:
    return top - ends[1], top - ends[0]


def _inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kernel = np.ones((3, 3), np.uint8)
    return cv2.erode(mask.view(np.uint8), kernel).view(np.bool_)


def is_little_endian(image: Dataset) -> bool:
    """Return whether the bytes of `image` came in little endian, as all but one syntax do."""
    return image.original_encoding[1] is not False
