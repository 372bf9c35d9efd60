import subprocess
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from phantoms import (
    TRANSFER_SYNTAXES,
    VIEWS,
    mammogram,
    phantom,
    picture,
    study,
    tomosynthesis,
)
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)

LOSSY = {JPEGBaseline8Bit, JPEGExtended12Bit}


def faults(image: Dataset, folder: Path) -> list[str]:
    """Return what dciodvfy calls an error in the object as it is written."""
    path = folder / "phantom.dcm"
    image.save_as(path, enforce_file_format=True)
    told = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    return [line for line in (told.stdout + told.stderr).splitlines() if "Error" in line]


def read_back(image: Dataset, folder: Path) -> Dataset:
    path = folder / "phantom.dcm"
    image.save_as(path, enforce_file_format=True)
    return pydicom.dcmread(path)


@pytest.mark.parametrize("view", VIEWS)
def test_the_chest_wall_is_where_the_view_says(view):
    truth = phantom(view, 256, 208)

    left, right = truth.breast[:, :8].mean(), truth.breast[:, -8:].mean()

    assert (left > 0.3, right == 0) == (True, True) if view[0] == "L" else left < right
    assert truth.pectoral.any() == view.endswith("MLO")
    assert not (truth.pectoral & ~truth.breast).any()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("view", VIEWS)
def test_findings_lie_in_the_breast_where_the_truth_says(view, seed):
    truth = phantom(view, 512, 416, seed)

    mass = np.zeros(truth.breast.shape, np.uint8)
    cv2.fillPoly(mass, [np.rint(truth.mass.outline[:, ::-1]).astype(np.int32)], 1)
    around = cv2.dilate(mass, np.ones((25, 25), np.uint8)) - mass

    assert truth.breast[mass > 0].all()
    assert truth.pixels[mass > 0].mean() > truth.pixels[around > 0].mean() + 0.05
    assert mass[round(truth.mass.row), round(truth.mass.column)] == 1
    assert truth.breast[tuple(truth.calcifications.T)].mean() > 0.8
    assert 8 <= len(truth.calcifications) <= 16


def test_calcifications_are_sharp_and_bright():
    truth = phantom("LCC", 2048, 1664)

    rows, columns = truth.calcifications.T
    beside = truth.pixels[rows, columns + 12]

    assert (truth.pixels[rows, columns] - beside).mean() > 0.1


def test_the_texture_has_the_power_spectrum_of_mammograms():
    truth = phantom("LCC", 2048, 1664, seed=2)

    patch = truth.pixels[768:1280, 200:712] * np.outer(np.hanning(512), np.hanning(512))
    power = np.abs(np.fft.fftshift(np.fft.fft2(patch - patch.mean()))) ** 2
    radius = np.hypot(*np.mgrid[-256:256, -256:256]).astype(int)
    rings = np.arange(6, 60)
    mean_power = [power[radius == ring].mean() for ring in rings]
    beta = -np.polyfit(np.log(rings), np.log(mean_power), 1)[0]

    assert 2 < beta < 4


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_woman():
    one, again, other = mammogram(seed=1), mammogram(seed=1), mammogram(seed=2)

    assert one == again
    assert one.PixelData != other.PixelData
    assert one.StudyInstanceUID != other.StudyInstanceUID


def test_pixels_are_between_black_and_white_and_air_is_black():
    truth = phantom("RMLO", 300, 250)

    assert truth.pixels.dtype == np.float32
    assert truth.pixels.shape == truth.breast.shape == truth.pectoral.shape == (300, 250)
    assert truth.pixels.min() == 0
    assert truth.pixels.max() <= 1
    assert not truth.pixels[~truth.breast].any()


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (64, 48), (65, 49), (101, 333), (1, 600)])
def test_any_size_works_but_for_the_smallest(rows, columns):
    if rows < 32:
        with pytest.raises(ValueError, match="too few"):
            phantom("LCC", rows, columns)
    else:
        assert phantom("RMLO", rows, columns).pixels.shape == (rows, columns)


def test_a_view_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="'XCCL'"):
        phantom("XCCL")


def test_a_study_is_four_views_of_one_woman():
    images = study()

    assert [i.ImageLaterality + i.ViewPosition for i in images] == list(VIEWS)
    assert len({i.StudyInstanceUID for i in images}) == len({i.PatientID for i in images}) == 1
    assert len({i.SeriesInstanceUID for i in images}) == 4
    assert len({i.SOPInstanceUID for i in images}) == 4


def test_objects_that_differ_have_different_uids():
    settings = [{}, {"bits_stored": 14}, {"instance_number": 2}, {"intent": "FOR PROCESSING"}]

    uids = {mammogram(**setting).SOPInstanceUID for setting in settings}

    assert len(uids) == len(settings)
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("bits_stored", [8, 10, 12, 14, 16])
def test_stored_levels_are_the_pixels_in_as_many_bits(bits_stored, photometric, tmp_path):
    truth = phantom("LCC", 64, 48)

    image = mammogram(rows=64, columns=48, bits_stored=bits_stored, photometric=photometric)
    top = 2**bits_stored - 1
    levels = read_back(image, tmp_path).pixel_array / top

    shown = 1 - levels if photometric == "MONOCHROME1" else levels
    assert np.abs(shown - truth.pixels).max() <= 0.51 / top


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_never_inside_the_breast(photometric, tmp_path):
    truth = phantom("LCC", 128, 96)

    image = mammogram(rows=128, columns=96, padding=True, photometric=photometric)
    levels = read_back(image, tmp_path).pixel_array

    assert image.PixelPaddingValue == (4095 if photometric == "MONOCHROME1" else 0)
    assert np.array_equal(levels == image.PixelPaddingValue, ~truth.breast)


@pytest.mark.parametrize("bits_stored", [8, 12, 16])
@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES, ids=lambda uid: uid.keyword)
def test_what_a_transfer_syntax_can_hold_is_read_back(syntax, bits_stored, tmp_path):
    settings = {"rows": 65, "columns": 49, "bits_stored": bits_stored}
    fits = syntax not in LOSSY or bits_stored == (8 if syntax == JPEGBaseline8Bit else 12)
    if not fits:
        with pytest.raises(ValueError, match=f"{bits_stored} bits"):
            mammogram(**settings, transfer_syntax=syntax)
        return
    expected = mammogram(**settings).pixel_array.astype(int)

    image = read_back(mammogram(**settings, transfer_syntax=syntax), tmp_path)
    levels = decoded(image, tmp_path).astype(int)

    largest = int(np.abs(levels - expected).max())
    assert largest <= (0.12 * 2**bits_stored if syntax in LOSSY else 0)
    assert image.LossyImageCompression == ("01" if syntax in LOSSY else "00")


def decoded(image: Dataset, folder: Path) -> np.ndarray:
    """Return the stored levels, read by dcmtk where pydicom cannot or where GDCM is no help."""
    syntax = image.file_meta.TransferSyntaxUID
    if syntax in (RLELossless, JPEG2000Lossless):
        return pydicom.pixels.pixel_array(image, decoding_plugin="pylibjpeg", raw=True)
    if syntax == JPEGExtended12Bit:
        plain = folder / "plain.dcm"
        subprocess.run(["dcmdjpeg", folder / "phantom.dcm", plain], check=True)
        return pydicom.dcmread(plain).pixel_array
    return image.pixel_array


def test_signed_levels_are_the_unsigned_ones_moved_down(tmp_path):
    unsigned = mammogram().pixel_array.astype(int)

    signed = read_back(mammogram(signed=True), tmp_path)

    assert np.array_equal(signed.pixel_array + int(signed.RescaleIntercept), unsigned)


def test_for_processing_looks_the_same_but_is_linear_in_exposure():
    shown = mammogram().pixel_array.astype(float).ravel()

    raw = mammogram(intent="FOR PROCESSING", photometric="MONOCHROME1", bits_stored=14)

    assert raw.PresentationIntentType == "FOR PROCESSING"
    assert "WindowCenter" not in raw
    assert np.corrcoef(shown, -np.log(raw.pixel_array.astype(float).ravel()))[0, 1] > 0.99


def test_collimation_frames_the_field_and_air_is_grey_within():
    levels = mammogram(collimated=True).pixel_array

    assert not levels[0].any()
    assert not levels[:, -1].any()
    assert levels[20, -20] > 0


MAMMOGRAMS = [
    *[{"view": view} for view in VIEWS],
    {"voi": "SIGMOID", "collimated": True},
    {"voi": "LUT", "bits_stored": 16},
    {"padding": True, "photometric": "MONOCHROME1", "bits_stored": 10},
    {"intent": "FOR PROCESSING", "photometric": "MONOCHROME1", "bits_stored": 14},
    # dciodvfy cannot inflate
    *[
        {"bits_stored": 8 if syntax == JPEGBaseline8Bit else 12, "transfer_syntax": syntax}
        for syntax in TRANSFER_SYNTAXES
        if syntax != DeflatedExplicitVRLittleEndian
    ],
]


@pytest.mark.parametrize("settings", MAMMOGRAMS, ids=str)
def test_dciodvfy_finds_no_error_in_mammograms(settings, tmp_path):
    assert faults(mammogram(**settings), tmp_path) == []


@pytest.mark.parametrize("modality", ["DX", "CR", "CT", "MR", "SC"])
def test_dciodvfy_finds_no_error_in_other_pictures(modality, tmp_path):
    assert faults(picture(modality), tmp_path) == []


@pytest.mark.parametrize("modality", ["CT", "MR", "SC"])
def test_dciodvfy_finds_no_error_in_signed_pictures(modality, tmp_path):
    assert faults(picture(modality, signed=True, bits_stored=16), tmp_path) == []


def test_dciodvfy_finds_no_error_in_tomosynthesis(tmp_path):
    assert faults(tomosynthesis("RMLO", frames=3), tmp_path) == []
    assert tomosynthesis(frames=3).pixel_array.shape == (3, 256, 208)
