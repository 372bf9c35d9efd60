import tracemalloc
from contextlib import suppress

import imagecodecs
import numpy as np
import pytest
from doubling import context, results_of
from phantoms import TRANSFER_SYNTAXES, mammogram
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from reread import reread

from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import read
from pipelines.super_resolution import SuperResolution

COMPRESSED = [syntax for syntax in TRANSFER_SYNTAXES if syntax.is_encapsulated]


def having(**attributes):
    """A mammogram with these attributes; None takes one away."""
    image = mammogram()
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
        if value is None:
            delattr(image, keyword)
    return image


def cut(image, share):
    image.PixelData = image.PixelData[: int(len(image.PixelData) * share) // 2 * 2]
    return image


@pytest.mark.filterwarnings("ignore")  # pydicom says of bad files what they are
def test_bad_files_are_left_alone_or_refused_with_a_reason(bad_files):
    assert bad_files
    for path in bad_files:
        image = dcmread(path, force=True)
        if SuperResolution().skips(image) is None:
            with pytest.raises(CannotProcessError, match=r"\w"):
                results_of(SuperResolution(), image, context())


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PixelData": None}, "no Pixel Data"),
        ({"Rows": None}, "Rows or Columns is missing"),
        ({"BitsStored": None}, "Bits Stored is missing"),
        ({"PixelRepresentation": None}, "Pixel Representation is missing"),
        ({"PhotometricInterpretation": None}, "not greyscale"),
        ({"PhotometricInterpretation": "RGB"}, "not greyscale"),
        ({"Rows": 65535, "Columns": 65535}, "larger than"),
        ({"Rows": 16384, "Columns": 16384}, "larger than"),
        ({"Rows": 0}, "smaller than"),
        ({"Rows": 4096}, "shorter than"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "neither 8 nor 16"),
        ({"BitsStored": 17}, "Bits Stored"),
        ({"SamplesPerPixel": 3}, "several samples"),
    ],
    ids=str,
)
def test_an_image_that_cannot_be_read_is_refused_with_the_reason(attributes, reason):
    with pytest.raises(CannotProcessError, match=reason):
        read(having(**attributes))


def test_a_transfer_syntax_nobody_knows_is_refused():
    image = mammogram()
    image.file_meta.TransferSyntaxUID = "1.2.3.4"

    with pytest.raises(CannotProcessError, match="transfer syntax"):
        read(image)


@pytest.mark.parametrize("share", [0, 0.02, 0.5])
@pytest.mark.parametrize("syntax", COMPRESSED, ids=lambda syntax: syntax.name)
def test_cut_pixel_data_is_refused_or_read_but_never_crashes(syntax, share):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    image = cut(mammogram(transfer_syntax=syntax, bits_stored=bits), share)

    try:
        grey = read(image)
    except CannotProcessError:
        return
    assert grey.pixels.shape == (image.Rows, image.Columns)  # decoders fill up what is missing


@pytest.mark.parametrize(
    "syntax",
    [JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless],
    ids=lambda syntax: syntax.name,
)
def test_a_frame_of_another_size_is_refused_before_it_is_decoded(syntax):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    image = mammogram(transfer_syntax=syntax, bits_stored=bits)
    image.Rows = 64

    with pytest.raises(CannotProcessError, match="another size"):
        read(image)


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("syntax", [*COMPRESSED], ids=lambda syntax: syntax.name)
@pytest.mark.filterwarnings("ignore")
def test_garbled_pixel_data_is_refused_or_read_but_never_crashes(syntax, seed):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    image = mammogram(rows=64, columns=48, transfer_syntax=syntax, bits_stored=bits)
    garbled = bytearray(image.PixelData)
    random = np.random.default_rng(seed)
    for at in random.integers(0, len(garbled), 5):
        garbled[at] = random.integers(256)
    image.PixelData = bytes(garbled)

    with suppress(CannotProcessError):
        read(image)


def test_a_hostile_size_takes_no_memory():
    huge = imagecodecs.jpegls_encode(np.zeros((64, 64), np.uint16))
    at = huge.index(b"\xff\xf7") + 5
    image = mammogram(transfer_syntax=JPEGLSLossless)
    image.PixelData = encapsulate([huge[:at] + b"\xff\xff\xff\xff" + huge[at + 4 :]])
    tracemalloc.start()

    with pytest.raises(CannotProcessError, match="another size"):
        read(reread(image))

    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_hostile_run_length_is_refused():
    image = mammogram(transfer_syntax=RLELossless)
    image.PixelData = encapsulate(
        [b"\x02\0\0\0" + b"\x40\0\0\0\x41\0\0\0" + b"\0" * 56 + b"\x81\0"]
    )

    with pytest.raises(CannotProcessError, match="broken"):
        read(image)
