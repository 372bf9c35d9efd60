"""Pixels to bytes."""

import imagecodecs
import numpy as np
from numpy.typing import NDArray

START_OF_IMAGE = b"\xff\xd8"
START_OF_FRAME = b"\xff\xf7"


def jpeg_ls(pixels: NDArray[np.uint16]) -> bytes:
    """Return `pixels` as a lossless JPEG-LS codestream, without the SPIFF header few expect."""
    stream = bytes(imagecodecs.jpegls_encode(pixels))
    return START_OF_IMAGE + stream[stream.index(START_OF_FRAME) :]
