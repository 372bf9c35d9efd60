"""However a mammogram is stored and meant to be shown, networks are given the same picture."""

from itertools import product

import numpy as np
import pytest
from phantoms import mammogram
from pydicom.uid import ExplicitVRBigEndian, JPEGLSLossless, RLELossless
from reread import reread

from pipelines.mammogram.read import read

SMALL = {"rows": 96, "columns": 80}
TRUTH = read(reread(mammogram(**SMALL, bits_stored=16)))
KINDS = [
    (bits, signed, photometric)
    for bits, signed, photometric in product(
        (8, 10, 12, 14, 16), (False, True), ("MONOCHROME1", "MONOCHROME2")
    )
]


def shares(grey):
    """What is read as shares of what could be stored."""
    return grey.pixels / grey.top


@pytest.mark.parametrize(("bits", "signed", "photometric"), KINDS)
def test_bits_signs_and_polarity_change_nothing_but_the_steps(bits, signed, photometric):
    stored = mammogram(**SMALL, bits_stored=bits, signed=signed, photometric=photometric)

    grey = read(reread(stored))

    assert np.abs(shares(grey) - shares(TRUTH)).max() <= 1 / grey.top
    assert (grey.gain < 0) == (photometric == "MONOCHROME1")


@pytest.mark.parametrize(("bits", "signed", "photometric"), KINDS)
def test_padding_is_background_whatever_the_values_are_stored_as(bits, signed, photometric):
    storage = {"bits_stored": bits, "signed": signed, "photometric": photometric}

    grey = read(reread(mammogram(**SMALL, padding=True, **storage)))
    plain = read(reread(mammogram(**SMALL, padding=True, bits_stored=16)))

    assert (grey.background == plain.background).all()
    inside = ~grey.background
    assert np.abs(shares(grey) - shares(plain))[inside].max() <= 2 / grey.top


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("voi", ["LINEAR", "SIGMOID", "LUT"])
def test_how_it_is_meant_to_be_shown_changes_nothing(voi, photometric):
    grey = read(reread(mammogram(**SMALL, bits_stored=16, photometric=photometric, voi=voi)))

    assert (grey.pixels == TRUTH.pixels).all()


def test_neither_do_many_windows_nor_none():
    several, none = (mammogram(**SMALL, bits_stored=16) for _ in range(2))
    several.WindowCenter, several.WindowWidth = ["9000", "100", "-5"], ["500", "1", "65536"]
    del none.WindowCenter, none.WindowWidth, none.WindowCenterWidthExplanation

    for image in (several, none):
        assert (read(reread(image)).pixels == TRUTH.pixels).all()


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, RLELossless, JPEGLSLossless])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_nor_how_it_is_coded(syntax, photometric):
    image = mammogram(**SMALL, bits_stored=16, photometric=photometric, transfer_syntax=syntax)

    assert (read(reread(image)).pixels == TRUTH.pixels).all()


def test_dense_is_bright_for_processing_as_for_presentation():
    raw = read(reread(mammogram(**SMALL, bits_stored=16, intent="FOR PROCESSING")))
    dark = read(
        reread(
            mammogram(**SMALL, bits_stored=16, intent="FOR PROCESSING", photometric="MONOCHROME1")
        )
    )

    order = np.argsort(TRUTH.pixels, axis=None, kind="stable")
    assert (np.diff(raw.pixels.ravel()[order].astype(int)) >= -1).all()
    assert (raw.pixels == dark.pixels).all()
