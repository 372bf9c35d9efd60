"""JPEG Extended with 12 bits, which none of pydicom's own decoders can read.

It is a decoder plugin of pydicom in its terms: `is_available`, `DECODER_DEPENDENCIES` and a
function that decodes one frame.
"""

import imagecodecs
import numpy as np
from pydicom.pixels.decoders.base import (
    DecodeRunner,
    JPEGBaseline8BitDecoder,
    JPEGExtended12BitDecoder,
)
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit

LABEL = "senoscope"
DECODER_DEPENDENCIES = {
    JPEGBaseline8Bit: ("imagecodecs",),
    JPEGExtended12Bit: ("imagecodecs",),
}


def is_available(uid: str) -> bool:
    """Return whether this plugin decodes the transfer syntax."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(frame: bytes, runner: DecodeRunner) -> bytearray:
    """Return the samples of a greyscale JPEG frame of 8 or 12 bits, little endian.

    Raises:
        ValueError: it has colour, which other plugins handle.
    """
    if runner.samples_per_pixel != 1:
        raise ValueError("colour is left to the other decoders")
    samples = imagecodecs.jpeg8_decode(frame)
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    little_endian = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    return bytearray(np.ascontiguousarray(little_endian).data)


def register() -> None:
    """Make pydicom try this plugin too; calling it again changes nothing."""
    for decoder in (JPEGBaseline8BitDecoder, JPEGExtended12BitDecoder):
        if LABEL not in decoder.available_plugins:
            decoder.add_plugin(LABEL, (__name__, "decode_frame"))
