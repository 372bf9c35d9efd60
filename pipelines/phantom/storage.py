"""How pixels between 0 and 1 become the Pixel Data of an object, in any transfer syntax."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from pipelines.phantom.anatomy import Floats, Mask

Levels = NDArray[Any]
"""Stored values, (rows, columns) or (frames, rows, columns), of 8 or 16 bits."""

PLAIN_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
TRANSFER_SYNTAXES = (
    *PLAIN_SYNTAXES,
    RLELossless,
    JPEGLosslessSV1,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    JPEG2000Lossless,
)
"""Every transfer syntax that a phantom can be stored in."""

_LOSSY_SYNTAXES = (JPEGBaseline8Bit, JPEGExtended12Bit)
_LOSSY_QUALITY = 95
_BYTE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How pixels are stored: from 8 to 16 bits, signed or not, black as 0 or as the top.

    With `padding`, what is outside the breast holds the Pixel Padding Value, black's own, and
    nothing inside the breast does. Mammography objects may not be signed: only bad ones are.
    """

    bits_stored: int = 12
    signed: bool = False
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    padding: bool = False
    transfer_syntax: UID = ExplicitVRLittleEndian

    @property
    def top(self) -> int:
        """The highest value of as many bits, unsigned."""
        return (1 << self.bits_stored) - 1

    @property
    def black(self) -> int:
        """The stored value of black."""
        return (self.top if self.photometric == "MONOCHROME1" else 0) - self.offset

    @property
    def offset(self) -> int:
        """What is subtracted before storing; the Rescale Intercept that undoes it."""
        return 1 << (self.bits_stored - 1) if self.signed else 0


def store(image: Dataset, pixels: Floats, kept: Mask, storage: Storage) -> None:
    """Put `pixels`, 0 is black and 1 is white, into `image` with all that describes them.

    `kept` is True where pixels count; elsewhere they are padding, if `storage` has padding.

    Raises:
        ValueError: `storage` asks for what its transfer syntax cannot hold.
    """
    store_levels(image, _levels(pixels, kept, storage), storage)
    if storage.padding:
        image.PixelPaddingValue = storage.black


def store_levels(image: Dataset, levels: Levels, storage: Storage) -> None:
    """Put stored values, (rows, columns) or (frames, rows, columns), into `image` as they are."""
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = storage.photometric
    image.Rows, image.Columns = levels.shape[-2:]
    image.BitsAllocated = 8 * levels.itemsize
    image.BitsStored, image.HighBit = storage.bits_stored, storage.bits_stored - 1
    image.PixelRepresentation = int(storage.signed)
    image.file_meta.TransferSyntaxUID = storage.transfer_syntax
    if storage.transfer_syntax in PLAIN_SYNTAXES:
        order = ">" if storage.transfer_syntax == ExplicitVRBigEndian else "<"
        _store_plain(image, levels.astype(levels.dtype.newbyteorder(order), copy=False))
    else:
        _store_compressed(image, levels, storage)


def _levels(pixels: Floats, kept: Mask, storage: Storage) -> Levels:
    lowest = int(storage.padding)
    levels = np.rint(pixels * np.float32(storage.top - lowest)).astype(np.int32) + lowest
    if storage.padding:
        levels[~kept] = 0
    if storage.photometric == "MONOCHROME1":
        np.subtract(storage.top, levels, out=levels)
    size = 1 if storage.bits_stored <= _BYTE else 2
    return (levels - storage.offset).astype(f"{'i' if storage.signed else 'u'}{size}")


def _store_plain(image: Dataset, levels: Levels) -> None:
    held = levels.tobytes()
    image.PixelData = held + b"\0" * (len(held) % 2)
    image["PixelData"].VR = "OB" if levels.itemsize == 1 else "OW"


def _store_compressed(image: Dataset, levels: Levels, storage: Storage) -> None:
    encoder = _ENCODERS.get(storage.transfer_syntax)
    if encoder is None:
        name = UID(storage.transfer_syntax).name
        raise ValueError(f"{name} is none of the transfer syntaxes a phantom can be stored in")
    frames = levels if levels.ndim > 2 else levels[None]  # noqa: PLR2004 - axes of one frame
    encoded = [encoder(np.ascontiguousarray(frame), storage) for frame in frames]
    image.PixelData = encapsulate(encoded)
    image["PixelData"].VR = "OB"
    if storage.transfer_syntax in _LOSSY_SYNTAXES:
        image.LossyImageCompression = "01"
        ratio = levels.nbytes / sum(len(frame) for frame in encoded)
        image.LossyImageCompressionRatio = f"{ratio:.2f}"
        image.LossyImageCompressionMethod = "ISO_10918_1"
