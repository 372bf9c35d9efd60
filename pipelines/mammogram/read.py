"""The pixels of an image, whatever the vendor stored, on one footing."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.mammogram.attributes import integer, items, number, text
from pipelines.mammogram.decode import Samples, decoded
from pipelines.mammogram.lookup import Lookup, lookup

Pixels = NDArray[np.uint16]
"""(rows, columns), 0 is the darkest value that can be stored."""

Mask = NDArray[np.bool_]
"""(rows, columns)."""


@dataclass(frozen=True)
class Grey:
    """An image as unsigned values 0..`top`, where more is brighter.

    A value `v` of the source, after its modality transformation, is `gain * v + bias` here; `gain`
    is negative for MONOCHROME1. `padding` is the lowest and the highest value that pads, here.
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
    def background(self) -> Mask:
        """Where the image holds nothing: the padding; without one, the inside of flat black."""
        if self.padding is None:
            return _inside(self.pixels == 0)
        low, high = self.padding
        return (self.pixels >= low) & (self.pixels <= high)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest value outside the background, 0 and `top` if it is flat."""
        shown = ~self.background
        low = int(np.min(self.pixels, where=shown, initial=self.top))
        high = int(np.max(self.pixels, where=shown, initial=0))
        return (low, high) if low < high else (0, self.top)


def read(image: Dataset) -> Grey:
    """Return the stored values of a single greyscale frame, before any VOI transformation.

    Raises:
        CannotProcessError: the pixel data is missing, too large or broken.
    """
    samples = decoded(image)
    bits = integer(image, "BitsStored") or 0
    offset = 1 << (bits - 1) if _is_signed(image) else 0
    pixels = _unsigned(_stored_bits(samples, image), bits, offset)
    padding = _padding(image, bits, offset)
    table = _modality_lookup(image)
    if table is not None:
        outputs = table(pixels.astype(np.int32) - offset)
        return _brightening(image, Grey(outputs, table.bits, 1, 0, None))
    slope, intercept = number(image, "RescaleSlope") or 1.0, number(image, "RescaleIntercept") or 0
    return _brightening(image, Grey(pixels, bits, 1 / slope, offset - intercept / slope, padding))


def is_little_endian(image: Dataset) -> bool:
    """Return whether the bytes of `image` came in little endian, as in all but one syntax."""
    return image.original_encoding[1] is not False


def _is_signed(image: Dataset) -> bool:
    return integer(image, "PixelRepresentation") == 1


def _stored_bits(samples: Samples, image: Dataset) -> Samples:
    """Return `samples` without what shares their cells: overlays, or low bits (PS3.5 8.1.1).

    Bits above Bits Stored that hold neither are left: there, values are merely out of range.
    """
    bits, high_bit = integer(image, "BitsStored") or 0, integer(image, "HighBit")
    is_shifted = high_bit is not None and bits <= high_bit < 8 * samples.dtype.itemsize
    last = high_bit if is_shifted and high_bit is not None else bits - 1
    if not is_shifted and not _has_embedded_overlay(image):
        return samples
    unused = 8 * samples.dtype.itemsize - 1 - last
    return np.right_shift(np.left_shift(samples, unused), unused + last + 1 - bits)


def _has_embedded_overlay(image: Dataset) -> bool:
    """Return whether an overlay lies in unused bits, retired in 2004 (group 60xx)."""
    return any(
        (group, 0x0102) in image and (group, 0x3000) not in image
        for group in range(0x6000, 0x6020, 2)
    )


def _unsigned(samples: Samples, bits: int, offset: int) -> Pixels:
    """Return `samples` held within their bits and moved up by `offset`."""
    if not offset:
        return np.minimum(samples, (1 << bits) - 1).astype(np.uint16, copy=False)
    held = np.clip(samples.astype(np.int16, copy=False), -offset, offset - 1)
    return held.view(np.uint16) + np.uint16(offset & 0xFFFF)  # wraps round, as it should


def _brightening(image: Dataset, grey: Grey) -> Grey:
    """Return `grey` so that what is brighter is higher (PS3.3 C.7.6.3.1.2)."""
    is_dark_high = text(image, "PhotometricInterpretation") == "MONOCHROME1"
    if is_dark_high == (grey.gain < 0):
        return grey
    top, padding = grey.top, grey.padding
    if padding is not None:
        padding = top - padding[1], top - padding[0]
    return Grey(top - grey.pixels, grey.bits, -grey.gain, top - grey.bias, padding)


def _modality_lookup(image: Dataset) -> Lookup | None:
    for item in items(image, "ModalityLUTSequence"):
        return lookup(item, signed=_is_signed(image), little_endian=is_little_endian(image))
    return None


def _padding(image: Dataset, bits: int, offset: int) -> tuple[int, int] | None:
    value, limit = (
        integer(image, keyword) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
    )
    if value is None:
        return None
    ends = (value, value if limit is None else limit)
    low, high = sorted(_in_own_sign(end, image) + offset for end in ends)
    top = (1 << bits) - 1
    return min(max(low, 0), top), min(max(high, 0), top)


def _in_own_sign(value: int, image: Dataset) -> int:
    """Return a padding value in the sign of the pixels: many are written in the other one."""
    cells = 1 << (integer(image, "BitsAllocated") or 16)
    value %= cells
    return value - cells if _is_signed(image) and value >= cells // 2 else value


def _inside(mask: Mask) -> Mask:
    """Return `mask` without its rim of one pixel."""
    inner: Mask = cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    return inner
