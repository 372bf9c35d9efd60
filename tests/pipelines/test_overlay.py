"""From outlines to a picture that any viewer shows."""

import numpy as np
import pytest
from outlined import circle, found, lesions_of, origin_of, outline_of
from phantoms import mammogram, phantom, picture
from pydicom.uid import SecondaryCaptureImageStorage
from reread import reread, written

from pipelines.display import picture as as_displayed
from pipelines.display import voi
from pipelines.mammogram.read import read
from pipelines.results.overlay import MOST_ROWS, drawn, overlay
from pipelines.results.provenance import is_ours


def overlay_of(image, *outlines, **changes):
    image = reread(image)
    grey, here = read(image), lesions_of(image, *outlines, **changes)
    return reread(overlay(grey, voi(image, grey), here, origin_of(image)))


def coloured(result):
    """Return where the picture is not grey."""
    pixels = result.pixel_array.astype(int)
    return np.ptp(pixels, axis=2) > 40


def ring_round(mask, x, y, reach):
    """Return the part of a mask that is about that far from (x, y)."""
    rows, columns = np.indices(mask.shape)
    return mask & (np.hypot(columns + 0.5 - x, rows + 0.5 - y) < reach)


@pytest.mark.parametrize("rows", [512, 2600])
def test_the_outline_lies_on_the_lesion(rows):
    columns = rows * 4 // 5
    image = mammogram("LCC", rows=rows, columns=columns)
    outline = outline_of(phantom("LCC", rows, columns, 1))

    result = overlay_of(image, outline)

    scale = result.Rows / rows
    x, y = (scale * value for value in found(outline).centre)
    reach = scale * np.abs(outline - found(outline).centre).max() + 2
    line_rows, line_columns = np.nonzero(ring_round(coloured(result), x, y, reach))
    shown = scale * outline
    assert (line_columns.min() + line_columns.max() + 1) / 2 == pytest.approx(
        (shown[:, 0].min() + shown[:, 0].max()) / 2, abs=1
    )
    assert (line_rows.min() + line_rows.max() + 1) / 2 == pytest.approx(
        (shown[:, 1].min() + shown[:, 1].max()) / 2, abs=1
    )
    assert np.ptp(line_columns) + 1 == pytest.approx(np.ptp(shown[:, 0]), abs=5)


def test_the_line_lies_to_no_side():
    image = mammogram()
    centre = 90.3, 120.7

    pixels = drawn(np.full((256, 208), 60, np.uint8), lesions_of(image, circle(*centre, 30.4)))

    rows, columns = np.indices(pixels.shape[:2]) + 0.5
    colour = np.ptp(pixels.astype(int), axis=2)
    colour[np.hypot(columns - centre[0], rows - centre[1]) > 33] = 0  # the label
    middle = [(place * colour).sum() / colour.sum() for place in (columns, rows)]
    assert middle == pytest.approx(centre, abs=0.2)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_beside_what_is_drawn_it_is_the_image_as_displayed(photometric):
    image = mammogram(rows=400, columns=320, photometric=photometric)

    result = overlay_of(image, circle(100, 80, 20))

    same = (result.pixel_array == as_displayed(reread(image))[..., None]).all(axis=2)
    assert same[150:370].all()
    assert 0.9 < same.mean() < 0.999
    assert coloured(result)[370:].any()


def test_a_large_image_is_reduced_and_says_the_size_of_its_pixels():
    image = mammogram(rows=3000, columns=2001)

    result = overlay_of(image, circle(1000, 800, 200))

    assert (result.Rows, result.Columns) == (MOST_ROWS, 1366)
    spacing = [float(value) for value in image.ImagerPixelSpacing]
    wanted = [spacing[0] * 3000 / 2048, spacing[1] * 2001 / 1366]
    assert [float(value) for value in result.PixelSpacing] == pytest.approx(wanted)


def test_a_small_image_is_left_as_large_as_it_is():
    result = overlay_of(mammogram(rows=64, columns=48), circle(20, 30, 8))

    assert (result.Rows, result.Columns) == (64, 48)


def test_the_label_says_how_probable():
    image = mammogram(rows=400, columns=320)

    some, other = (
        overlay_of(image, circle(100, 180, 20), probability=probability)
        for probability in (0.871, 0.132)
    )
    same = overlay_of(image, circle(100, 180, 20), probability=0.869)

    differs = (some.pixel_array != other.pixel_array).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert 120 < columns.min() < columns.max() < 240
    assert 150 < rows.min() < rows.max() < 190
    assert same.SOPInstanceUID == some.SOPInstanceUID != other.SOPInstanceUID


def test_a_label_without_room_on_the_right_stands_on_the_left():
    image = mammogram(rows=400, columns=320)

    result = overlay_of(image, circle(290, 200, 20))

    assert coloured(result)[150:250, :260].any()


def test_it_is_a_colour_picture_of_a_series_of_its_own_for_research():
    image = mammogram("RMLO")

    result = overlay_of(image, circle(60, 80, 20))

    assert result.SOPClassUID == SecondaryCaptureImageStorage
    assert (result.PhotometricInterpretation, result.SamplesPerPixel) == ("RGB", 3)
    assert (result.SeriesNumber, result.Modality, result.ImageLaterality) == (9401, "OT", "R")
    assert "RESEARCH" in result.SeriesDescription
    assert not {"CC", "MLO"} & set(result.SeriesDescription.split())
    assert result.ImageComments.startswith("RESEARCH USE ONLY")
    assert is_ours(result)


def test_nobody_is_named_in_the_pixels():
    image, named = mammogram(), mammogram()
    named.PatientName, named.PatientID = "Somebody^Else", "12345"

    plain, other = (overlay_of(one, circle(60, 80, 20)) for one in (image, named))

    assert plain.BurnedInAnnotation == "NO"
    assert plain.PixelData == other.PixelData


def test_the_same_job_gives_the_same_bytes():
    first, again = (written(overlay_of(picture("CR"), circle(60, 80, 20))) for _ in range(2))

    assert first == again
