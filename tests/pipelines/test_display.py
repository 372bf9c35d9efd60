import numpy as np
import pytest
from doubling import context, results_of
from hypothesis import given
from hypothesis import strategies as st
from phantoms import mammogram, picture
from pydicom import Dataset
from pydicom.pixels.processing import apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from reread import reread

from pipelines.display import displayed, tones, voi
from pipelines.display import picture as shown
from pipelines.mammogram.read import read
from pipelines.super_resolution import SuperResolution

FUNCTIONS = ["LINEAR", "LINEAR_EXACT", "SIGMOID"]


def windowed(function, **storage):
    image = mammogram(**storage)
    image.VOILUTFunction = function
    image.WindowCenter, image.WindowWidth = "1800", "900"
    return reread(image)


def with_table(**storage):
    image = mammogram(**storage)
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3000, 500, 12])
    curve = 4095 * np.linspace(0, 1, 3000) ** 0.5
    is_big = image.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    item.add_new("LUTData", "OW", curve.round().astype(">u2" if is_big else "<u2").tobytes())
    item.LUTExplanation = "ROOT"
    image.VOILUTSequence = [item]
    return reread(image)


def formula(function, values):
    """PS3.3 C.11.2.1.2 for center 1800 and width 900."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - 1800) / 900))
    if function == "LINEAR_EXACT":
        return np.clip((values - 1800) / 900 + 0.5, 0, 1)
    return np.clip((values - 1799.5) / 899 + 0.5, 0, 1)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_an_image_is_shown_through_its_window(function, photometric):
    image = windowed(function, photometric=photometric)

    shares = formula(function, image.pixel_array.astype(float))
    expected = 255 * (1 - shares if photometric == "MONOCHROME1" else shares)

    assert np.abs(shown(image) - expected).max() <= 0.51


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_table_goes_before_a_window(photometric):
    image = with_table(photometric=photometric)

    shares = apply_voi_lut(image.pixel_array, image, prefer_lut=True) / 4095
    expected = 255 * (1 - shares if photometric == "MONOCHROME1" else shares)

    assert np.abs(shown(image) - expected).max() <= 0.51


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("signed", [False, True])
def test_a_table_is_read_from_any_byte_order_and_without_vrs(syntax, signed):
    storage = {"signed": signed, "bits_stored": 12, "padding": True}
    plain, coded = (
        with_table(transfer_syntax=ts, **storage) for ts in (ExplicitVRLittleEndian, syntax)
    )

    assert (shown(plain) == shown(coded)).all()
    assert read(plain).padding == read(coded).padding


def test_a_window_in_hounsfield_units_is_applied_after_the_rescaling():
    image = picture("CT", signed=True, bits_stored=16)
    image.RescaleSlope, image.RescaleIntercept = "2", "-1000"
    image.WindowCenter, image.WindowWidth = "40", "400"
    image = reread(image)

    units = 2 * image.pixel_array.astype(float) - 1000
    expected = 255 * np.clip((units - 39.5) / 399 + 0.5, 0, 1)

    assert np.abs(shown(image) - expected).max() <= 0.51


def test_a_final_image_without_a_window_is_shown_over_all_it_could_hold():
    image = mammogram()
    del image.WindowCenter, image.WindowWidth
    image = reread(image)

    assert np.abs(shown(image) - 255 * (image.pixel_array / 4095)).max() <= 0.51


def test_another_image_without_a_window_is_shown_over_what_it_holds():
    image = picture("MR")
    del image.WindowCenter, image.WindowWidth

    tones_seen = shown(reread(image))

    assert tones_seen.min() == 0
    assert tones_seen.max() == 255


@pytest.mark.parametrize(
    "image",
    [
        *(windowed(f, photometric=p) for f in FUNCTIONS for p in ("MONOCHROME1", "MONOCHROME2")),
        with_table(),
        with_table(photometric="MONOCHROME1"),
        reread(picture("CT", signed=True, bits_stored=16)),
        reread(picture("MR")),
        reread(picture("CR", photometric="MONOCHROME1", padding=True)),
        reread(mammogram(bits_stored=8)),
    ],
    ids=[
        *(f"{f}-{p}" for f in FUNCTIONS for p in ("MONOCHROME1", "MONOCHROME2")),
        "table",
        "table-MONOCHROME1",
        "CT",
        "MR",
        "CR",
        "8-bits",
    ],
)
def test_the_result_is_shown_like_its_source(image):
    result, _ = results_of(SuperResolution(), image, context())

    source = shown(image).repeat(2, axis=0).repeat(2, axis=1)

    assert np.abs(shown(reread(result)).astype(int) - source).max() <= 1


@given(
    center=st.floats(-5000, 5000),
    width=st.floats(1, 10000),
    slope=st.floats(0.1, 10),
    intercept=st.floats(-2000, 2000),
    function=st.sampled_from(FUNCTIONS),
)
def test_tones_rise_with_the_values_whatever_the_window(center, width, slope, intercept, function):
    image = picture("CT", rows=16, columns=16)
    image.RescaleSlope, image.RescaleIntercept = f"{slope:.6g}", f"{intercept:.6g}"
    image.WindowCenter, image.WindowWidth = f"{center:.6g}", f"{width:.6g}"
    image.VOILUTFunction = function
    grey = read(image)

    table = tones(voi(image, grey), grey.top)

    assert (np.diff(table.astype(int)) >= 0).all()
    assert displayed(grey.pixels, table).dtype == np.uint8
