"""The samples of an image as they are stored, or a plain reason why they cannot be had.

Which transfer syntax is decoded by what: docs/transfer-syntaxes.md.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from pipelines.errors import CannotProcessError
from pipelines.mammogram import jpeg_extended
from pipelines.mammogram.attributes import UNREADABLE, integer, text, values
from pipelines.mammogram.codestream import Extent, extent, states_extent

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int8] | NDArray[np.int16]
"""(rows, columns), exactly what is stored."""

GREYSCALE = frozenset({"MONOCHROME1", "MONOCHROME2"})
"""The photometric interpretations that are read, PS3.3 C.7.6.3.1.2."""
SHORTEST_SIDE = 16
FEWEST_BITS = 2
LONGEST_SIDE = 16384
MOST_PIXELS = 1 << 26
"""64 megapixels: a full field has 14, the finest film scan about 36."""

DECODERS: Mapping[str, str] = {
    ImplicitVRLittleEndian: "",
    ExplicitVRLittleEndian: "",
    ExplicitVRBigEndian: "",
    DeflatedExplicitVRLittleEndian: "",
    JPEGBaseline8Bit: jpeg_extended.LABEL,
    JPEGExtended12Bit: jpeg_extended.LABEL,
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
    RLELossless: "pydicom",
}
"""Transfer syntax to pydicom's name of the decoder; uncompressed ones need none."""

OPTIONS: Mapping[str, Any] = {"correct_unused_bits": False}
"""Which bits count is decided by who reads them."""

jpeg_extended.register()


def decoded(image: Dataset) -> Samples:
    """Return the stored samples of a single greyscale frame.

    Raises:
        CannotProcessError: there are none, they are too many, or they are broken.
    """
    _check_size(image)
    _check_samples(image)
    syntax = _transfer_syntax(image)
    held = _pixel_data(image)
    if DECODERS[syntax]:
        _check_frame(_first_frame(held), syntax, image)
    else:
        _check_length(held, image)
    try:
        samples, _ = get_decoder(syntax).as_array(
            image, index=0, raw=True, decoding_plugin=DECODERS[syntax], **OPTIONS
        )
    except (*UNREADABLE, RuntimeError, MemoryError) as error:
        raise CannotProcessError("the pixel data is broken: it cannot be decoded") from error
    if samples.shape != (integer(image, "Rows"), integer(image, "Columns")):
        raise CannotProcessError("the pixel data is broken: it has not the stated size")
    return np.asarray(samples)


def _check_size(image: Dataset) -> None:
    rows, columns = integer(image, "Rows"), integer(image, "Columns")
    if rows is None or columns is None:
        raise CannotProcessError("Rows or Columns is missing or invalid")
    if min(rows, columns) < SHORTEST_SIDE:
        raise CannotProcessError(f"the image is smaller than {SHORTEST_SIDE} pixels")
    if max(rows, columns) > LONGEST_SIDE or rows * columns > MOST_PIXELS:
        raise CannotProcessError(
            f"the image is larger than {LONGEST_SIDE} pixels on a side or {MOST_PIXELS} in all"
        )


def _check_samples(image: Dataset) -> None:
    if text(image, "PhotometricInterpretation") not in GREYSCALE:
        raise CannotProcessError("the image is not greyscale")
    if integer(image, "SamplesPerPixel") not in {None, 1}:
        raise CannotProcessError("the image has several samples per pixel")
    allocated, stored = integer(image, "BitsAllocated"), integer(image, "BitsStored")
    if allocated not in {8, 16}:
        raise CannotProcessError("Bits Allocated is neither 8 nor 16")
    if stored is None or not FEWEST_BITS <= stored <= allocated:
        raise CannotProcessError("Bits Stored is missing or not within 2 to Bits Allocated")
    if integer(image, "PixelRepresentation") not in {0, 1}:
        raise CannotProcessError("Pixel Representation is missing or invalid")


def _transfer_syntax(image: Dataset) -> UID:
    meta = getattr(image, "file_meta", None)
    syntax = UID(text(meta, "TransferSyntaxUID")) if meta is not None else UID("")
    if syntax not in DECODERS:
        raise CannotProcessError("the transfer syntax is missing or cannot be decoded")
    return syntax


def _pixel_data(image: Dataset) -> bytes:
    for held in values(image, "PixelData"):
        if isinstance(held, bytes | bytearray):
            return bytes(held)
    raise CannotProcessError("there is no Pixel Data")


def _check_length(held: bytes, image: Dataset) -> None:
    rows, columns, bits = (
        integer(image, keyword) or 0 for keyword in ("Rows", "Columns", "BitsAllocated")
    )
    if len(held) < rows * columns * bits // 8:
        raise CannotProcessError("the pixel data is broken: it is shorter than Rows x Columns")


def _first_frame(held: bytes) -> bytes:
    try:
        return next(generate_frames(held, number_of_frames=1))
    except (*UNREADABLE, StopIteration) as error:
        raise CannotProcessError("the pixel data is broken: it holds no frame") from error


def _check_frame(frame: bytes, syntax: UID, image: Dataset) -> None:
    if not states_extent(syntax):
        return
    stated = Extent(integer(image, "Rows") or 0, integer(image, "Columns") or 0, 1)
    if extent(frame, syntax) != stated:
        raise CannotProcessError("the pixel data is broken: its own header states another size")
