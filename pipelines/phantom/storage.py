"""How pixels between 0 and 1 become the Pixel Data of an object, in any transfer syntax."""

from dataclasses import dataclass
from typing import Any, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
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

from pipelines.phantom.raster import Floats, Mask

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
# Named, because GDCM's RLE encoder, which pydicom tries first, aborts the process on odd widths.
_PYDICOM_ENCODERS = {
    RLELossless: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
}
_JPEG_BITS = {
    JPEGBaseline8Bit: range(8, 9),
    JPEGExtended12Bit: range(9, 13),
    JPEGLosslessSV1: range(8, 17),
}
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

    `pixels` are (rows, columns) or (frames, rows, columns); `kept` is (rows, columns), True where
    pixels count: elsewhere they are padding, if `storage` has padding.

    Raises:
        ValueError: the transfer syntax of `storage` cannot hold them.
    """
    levels = _levels(pixels, kept, storage)
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = storage.photometric
    image.Rows, image.Columns = kept.shape
    image.BitsAllocated = 8 * levels.itemsize
    image.BitsStored, image.HighBit = storage.bits_stored, storage.bits_stored - 1
    image.PixelRepresentation = int(storage.signed)
    if storage.padding:
        image.PixelPaddingValue = storage.black
    image.file_meta.TransferSyntaxUID = storage.transfer_syntax
    if storage.transfer_syntax in PLAIN_SYNTAXES:
        big = storage.transfer_syntax == ExplicitVRBigEndian
        _store_plain(image, levels.byteswap() if big else levels)
    else:
        _store_compressed(image, levels, storage)


def _levels(pixels: Floats, kept: Mask, storage: Storage) -> Levels:
    lowest = int(storage.padding)
    levels = np.rint(pixels * np.float32(storage.top - lowest)).astype(np.int32) + lowest
    if storage.padding:
        levels[..., ~kept] = 0
    if storage.photometric == "MONOCHROME1":
        np.subtract(storage.top, levels, out=levels)
    size = 1 if storage.bits_stored <= _BYTE else 2
    kind = "i" if storage.signed else "u"
    return np.asarray(levels - storage.offset, f"<{kind}{size}")


def _store_plain(image: Dataset, levels: Levels) -> None:
    held = levels.tobytes()
    image.PixelData = held + b"\0" * (len(held) % 2)
    image["PixelData"].VR = "OB" if levels.itemsize == 1 else "OW"


def _store_compressed(image: Dataset, levels: Levels, storage: Storage) -> None:
    frames = levels.reshape(-1, image.Rows, image.Columns)
    encoded = [_encoded(frame, storage) for frame in frames]
    image.PixelData = encapsulate(encoded)
    image["PixelData"].VR = "OB"
    if storage.transfer_syntax in _LOSSY_SYNTAXES:
        image.LossyImageCompression = "01"
        ratio = levels.nbytes / sum(len(frame) for frame in encoded)
        image.LossyImageCompressionRatio = f"{ratio:.2f}"
        image.LossyImageCompressionMethod = "ISO_10918_1"


def _encoded(frame: Levels, storage: Storage) -> bytes:
    match storage.transfer_syntax:
        case syntax if syntax in _PYDICOM_ENCODERS:
            return _encoded_by_pydicom(frame, storage)
        case syntax if syntax in _JPEG_BITS and _fits_jpeg(storage):
            return _encoded_as_jpeg(frame, storage)
    sign = "signed" if storage.signed else "unsigned"
    name = UID(storage.transfer_syntax).name
    raise ValueError(f"{name} cannot hold {sign} pixels of {storage.bits_stored} bits")


def _fits_jpeg(storage: Storage) -> bool:
    return not storage.signed and storage.bits_stored in _JPEG_BITS[storage.transfer_syntax]


def _encoded_as_jpeg(frame: Levels, storage: Storage) -> bytes:
    if storage.transfer_syntax == JPEGLosslessSV1:
        bits = storage.bits_stored
        return bytes(
            imagecodecs.jpeg8_encode(frame, lossless=True, predictor=1, bitspersample=bits)
        )
    bits = _JPEG_BITS[storage.transfer_syntax][-1]
    return bytes(imagecodecs.jpeg8_encode(frame, level=_LOSSY_QUALITY, bitspersample=bits))


def _encoded_by_pydicom(frame: Levels, storage: Storage) -> bytes:
    rows, columns = frame.shape
    return get_encoder(storage.transfer_syntax).encode(
        frame,
        encoding_plugin=_PYDICOM_ENCODERS[storage.transfer_syntax],
        rows=rows,
        columns=columns,
        samples_per_pixel=1,
        number_of_frames=1,
        photometric_interpretation=storage.photometric,
        bits_allocated=8 * frame.itemsize,
        bits_stored=storage.bits_stored,
        pixel_representation=int(storage.signed),
    )
