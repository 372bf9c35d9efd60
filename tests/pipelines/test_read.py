import imagecodecs
import numpy as np
import pytest
from phantoms import TRANSFER_SYNTAXES, mammogram, picture
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLSNearLossless,
)
from reread import reread

from pipelines.mammogram.read import read

LOSSY = {JPEGBaseline8Bit, JPEGExtended12Bit}


def lut(first, entries, bits=16):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = np.asarray(entries, "<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item


def stored(values, bits, *, signed=False, **attributes):
    """A CT of these stored values."""
    image = picture("CT", rows=values.shape[0], columns=values.shape[1])
    kind = f"{'<i' if signed else '<u'}{1 if bits <= 8 else 2}"
    image.BitsAllocated = 8 if bits <= 8 else 16
    image.BitsStored, image.HighBit, image.PixelRepresentation = bits, bits - 1, int(signed)
    image.PixelData = values.astype(kind).tobytes()
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return reread(image)


def ramp(low, high):
    return np.linspace(low, high, 32 * 32).round().astype(np.int32).reshape(32, 32)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES, ids=lambda syntax: syntax.name)
def test_every_transfer_syntax_gives_the_stored_values(syntax):
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    plain = read(reread(mammogram(bits_stored=bits))).pixels.astype(int)

    coded = read(reread(mammogram(bits_stored=bits, transfer_syntax=syntax))).pixels.astype(int)

    assert np.abs(coded - plain).max() <= (40 if syntax in LOSSY else 0)


def coded_otherwise():
    """Encoders of what phantoms are not stored in, and how far their pixels may be off."""
    lossless, near = imagecodecs.jpeg8_encode, imagecodecs.jpegls_encode
    return [
        (JPEGLossless, lambda p: lossless(p, lossless=True, predictor=4, bitspersample=12), 0),
        (JPEGLSNearLossless, lambda p: near(p, level=3), 3),
        (JPEG2000, lambda p: imagecodecs.jpeg2k_encode(p, 90, codecformat="j2k"), 20),
        (HTJ2KLossless, lambda p: imagecodecs.htj2k_encode(p, reversible=True), 0),
        (HTJ2K, lambda p: imagecodecs.htj2k_encode(p, reversible=True), 0),
    ]


@pytest.mark.parametrize(
    ("syntax", "encode", "tolerance"), coded_otherwise(), ids=lambda one: getattr(one, "name", "")
)
def test_rarer_transfer_syntaxes_give_the_stored_values_too(syntax, encode, tolerance):
    image = mammogram()
    plain = image.pixel_array
    image.PixelData = encapsulate([bytes(encode(plain))])
    image["PixelData"].VR = "OB"
    image.file_meta.TransferSyntaxUID = syntax

    pixels = read(reread(image)).pixels

    assert np.abs(pixels.astype(int) - plain).max() <= tolerance


@pytest.mark.parametrize("bits", range(8, 17))
def test_every_bit_depth_is_read_in_full(bits):
    values = ramp(0, (1 << bits) - 1)

    grey = read(stored(values, bits))

    assert grey.bits == bits
    assert (grey.pixels == values).all()


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_signed_values_are_moved_above_zero(bits):
    half = 1 << (bits - 1)
    values = ramp(-half, half - 1)

    grey = read(stored(values, bits, signed=True, RescaleSlope="1", RescaleIntercept="0"))

    assert (grey.pixels == values + half).all()
    assert (grey.gain, grey.bias) == (1, half)


def test_values_of_a_ct_can_be_told_from_its_pixels():
    values = ramp(0, 4095)

    grey = read(stored(values, 12, RescaleSlope="2", RescaleIntercept="-1024"))

    hounsfield_units = 2 * values - 1024
    assert np.allclose(grey.gain * hounsfield_units + grey.bias, grey.pixels)


def test_monochrome1_becomes_bright_where_it_was_low():
    bright = read(reread(mammogram()))
    dark = read(reread(mammogram(photometric="MONOCHROME1")))

    assert (bright.pixels == dark.pixels).all()
    assert dark.gain < 0


def test_padding_is_known_in_the_values_that_are_read():
    image = mammogram(photometric="MONOCHROME1", padding=True)

    grey = read(reread(image))

    assert grey.padding == (0, 0)
    assert (grey.background == (image.pixel_array == image.PixelPaddingValue)).all()
    assert grey.span[0] > 0


def test_padding_written_in_the_wrong_sign_is_understood():
    values = ramp(0, 1000)
    values[:8] = -2000
    image = stored(values, 16, signed=True)
    image.add_new("PixelPaddingValue", "US", 65536 - 2000)

    assert (read(image).background == (values == -2000)).all()


def test_a_range_of_padding_is_padding_throughout():
    values = ramp(0, 1000)
    image = stored(values, 12, PixelPaddingValue=0, PixelPaddingRangeLimit=50)

    assert (read(image).background == (values <= 50)).all()


def test_without_padding_the_background_is_the_inside_of_flat_black():
    values = np.full((32, 32), 100)
    values[:16], values[25, 25] = 0, 0

    background = read(stored(values, 12)).background

    assert background[:15].all()
    assert not background[15:].any()


def test_a_modality_lookup_is_applied():
    values = ramp(0, 255)
    image = stored(values, 8)
    del image.RescaleSlope, image.RescaleIntercept
    image.ModalityLUTSequence = [lut(0, np.arange(256) * 4, bits=10)]
    image.ModalityLUTSequence[0].ModalityLUTType = "US"

    grey = read(image)

    assert grey.bits == 10
    assert (grey.pixels == values * 4).all()


def test_an_overlay_in_the_unused_bits_is_no_picture():
    values = ramp(0, 4095)
    image = stored(values | 1 << 12, 16)
    image.BitsStored, image.HighBit = 12, 11
    image.add_new((0x6000, 0x0100), "US", 16)
    image.add_new((0x6000, 0x0102), "US", 12)

    assert (read(image).pixels == values).all()


def test_values_in_the_high_bits_are_brought_down():
    values = ramp(0, 4095)
    image = stored(values << 4, 16)
    image.BitsStored, image.HighBit = 12, 15

    assert (read(image).pixels == values).all()


def test_values_beyond_their_bits_are_held_at_the_top():
    values = ramp(0, 4095)
    image = stored(values * 2, 16)
    image.BitsStored, image.HighBit = 12, 11

    assert (read(image).pixels == np.minimum(values * 2, 4095)).all()


def test_big_endian_bytes_of_eight_bits_come_in_order():
    plain = read(reread(mammogram(bits_stored=8)))
    big = read(reread(mammogram(bits_stored=8, transfer_syntax=ExplicitVRBigEndian)))

    assert (plain.pixels == big.pixels).all()
