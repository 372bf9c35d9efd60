from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import pytest
from doubling import DoublingEngine, context, results_of
from phantoms import mammogram, picture, tomosynthesis
from pydicom.uid import (
    Comprehensive3DSRStorage,
    JPEGLSLossless,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
from reread import reread, written
from scipy.ndimage import binary_erosion

from engines.engine import Batch
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import read
from pipelines.pipeline import Product
from pipelines.results.provenance import is_ours
from pipelines.super_resolution import SuperResolution


class RestlessEngine(DoublingEngine):
    """Doubles, then overshoots in both directions like a network at an edge."""

    def __call__(self, batch: Batch) -> Batch:
        doubled = super().__call__(batch)
        doubled[..., ::2, ::2] -= 0.5
        doubled[..., 1::2, 1::2] += 0.5
        return doubled


def run(image, **changes):
    return results_of(SuperResolution(), reread(image), context(**changes))


def enlarged(image):
    return read(image).pixels.repeat(2, axis=0).repeat(2, axis=1)


def scores(report):
    groups = report.ContentSequence[-1].ContentSequence
    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for group in groups
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    ]


def test_an_image_becomes_an_enlarged_image_and_a_report():
    image = mammogram()

    result, report = run(image)

    assert result.SOPClassUID == MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    assert result.file_meta.TransferSyntaxUID == JPEGLSLossless
    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert (result.Rows, result.Columns) == (2 * image.Rows, 2 * image.Columns)
    assert result.StudyInstanceUID == report.StudyInstanceUID == image.StudyInstanceUID


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_pixels_are_the_engines_answer_to_the_pixel(bits, photometric):
    image = mammogram(bits_stored=bits, photometric=photometric)

    result, _ = run(image)

    assert (reread(result).pixel_array == enlarged(image)).all()
    assert result.BitsStored == max(bits, 9)
    assert result.PhotometricInterpretation == "MONOCHROME2"


@pytest.mark.parametrize("modality", ["DX", "CR", "CT", "MR", "SC"])
def test_other_modalities_are_enlarged_too(modality):
    image = picture(modality)

    result, _ = run(image)

    assert (reread(result).pixel_array == enlarged(image)).all()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_comes_back_exactly_and_nothing_else_becomes_padding(photometric):
    image = mammogram(padding=True, photometric=photometric)
    is_padding = image.pixel_array == image.PixelPaddingValue

    result, _ = run(image, engine=RestlessEngine())

    large = reread(result)
    expected = is_padding.repeat(2, axis=0).repeat(2, axis=1)
    assert ((large.pixel_array == large.PixelPaddingValue) == expected).all()


def test_flat_black_stays_black_without_a_padding_value():
    image = mammogram()
    is_black = image.pixel_array == 0

    result, _ = run(image, engine=RestlessEngine())

    inside = binary_erosion(is_black, np.ones((3, 3)), border_value=1)
    inside = inside.repeat(2, axis=0).repeat(2, axis=1)
    assert inside.any()
    assert not reread(result).pixel_array[inside].any()


def test_overshoot_is_held_within_the_bits_stored():
    result, _ = run(mammogram(bits_stored=10), engine=RestlessEngine())

    assert reread(result).pixel_array.max() <= 1023


def test_a_flat_image_comes_back_flat():
    image = mammogram()
    image.PixelData = np.full((image.Rows, image.Columns), 700, "<u2").tobytes()

    result, report = run(image)

    assert (reread(result).pixel_array == 700).all()
    assert scores(report) == [100, 100]


def test_the_report_holds_the_quality_before_and_after():
    _, report = run(mammogram())

    before, after = scores(report)
    assert 0 < before < 100
    assert 0 < after <= 100


def test_the_same_job_gives_the_same_bytes():
    image = mammogram()

    first, second = ([written(result) for result in run(image)] for _ in range(2))

    assert first == second


def test_what_a_result_is_made_of_gives_its_uid():
    image = mammogram()
    usual = [result.SOPInstanceUID for result in run(image)]

    later = run(image, made_at=datetime(2027, 1, 1, tzinfo=UTC))
    other_site = run(image, site_key=b"another")
    other_outcome = run(image, engine=RestlessEngine())
    other_release = run(image, product=Product("0.2.0", "SERIAL-1", "SENOSCOPE"))

    assert [result.SOPInstanceUID for result in later] == usual
    for changed in (other_site, other_outcome, other_release):
        assert not {result.SOPInstanceUID for result in changed} & set(usual)


def test_dates_are_of_the_job_in_the_time_zone_of_the_image():
    image = mammogram()
    image.TimezoneOffsetFromUTC = "+0200"

    for result in run(image, made_at=datetime(2026, 1, 2, 23, 30, tzinfo=UTC)):
        assert (result.ContentDate, result.ContentTime) == ("20260103", "013000")


def test_results_of_one_series_share_a_series():
    first, second = (mammogram(instance_number=number) for number in (1, 2))
    second.SeriesInstanceUID = first.SeriesInstanceUID

    of_first, of_second = run(first), run(second)

    assert [r.SeriesInstanceUID for r in of_first] == [r.SeriesInstanceUID for r in of_second]
    assert {r.InstanceNumber for r in of_second} == {2}
    assert of_first[0].SeriesInstanceUID != of_first[1].SeriesInstanceUID


def test_the_stages_are_watched_in_their_order():
    stages = []

    @contextmanager
    def watched(stage):
        stages.append(stage)
        yield

    run(mammogram(), progress=watched)

    assert stages == ["read", "enlarge", "quality", "encode"]


def test_running_leaves_the_source_as_it_was():
    image = reread(mammogram(photometric="MONOCHROME1", padding=True))
    before = written(image)

    results_of(SuperResolution(), image, context())

    assert written(image) == before


def having(image, **attributes):
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(mammogram(), None, id="mammogram"),
        pytest.param(picture("CT"), None, id="CT"),
        pytest.param(having(picture("SC"), NumberOfFrames=1), None, id="one-frame"),
        pytest.param(mammogram(intent="FOR PROCESSING"), "for processing", id="for-processing"),
        pytest.param(tomosynthesis(), "it is tomosynthesis", id="tomosynthesis"),
        pytest.param(having(picture("SC"), NumberOfFrames=3), "several frames", id="frames"),
        pytest.param(
            having(picture("SC"), PhotometricInterpretation="RGB"), "greyscale", id="colour"
        ),
        pytest.param(
            having(mammogram(), SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"), "SOP class", id="SR"
        ),
        pytest.param(having(mammogram(), StudyInstanceUID=""), "UIDs", id="no-study"),
        pytest.param(having(mammogram(), PatientID="a\\b"), "Patient ID", id="two-patients"),
        pytest.param(having(mammogram(), PatientID=""), None, id="no-patient"),
    ],
)
def test_an_image_is_skipped_for_a_stated_reason_or_not_at_all(image, reason):
    said = SuperResolution().skips(image)

    assert said is None if reason is None else reason in str(said)


def test_our_own_results_are_recognised_and_skipped():
    for result in run(mammogram()):
        back = reread(result)

        assert is_ours(back)
        assert "result of this system" in str(SuperResolution().skips(back))
    assert not is_ours(mammogram())


def test_what_was_made_from_our_results_is_recognised():
    result, _ = run(mammogram())
    result.Manufacturer, result.ManufacturerModelName = "A PACS", "Its archive"

    assert is_ours(reread(result))


class EnlargingEngine(DoublingEngine):
    """Repeats every pixel as often along each side as its card says."""

    def __init__(self, scale):
        self.card = DoublingEngine.card.model_copy(update={"scale": scale, "name": "enlarging"})

    def __call__(self, batch: Batch) -> Batch:
        return batch.repeat(self.card.scale, axis=2).repeat(self.card.scale, axis=3)


@pytest.mark.parametrize("scale", [3, 4])
def test_a_model_of_another_scale_enlarges_by_that(scale):
    image = mammogram(rows=60, columns=40, padding=True)

    result, _ = run(image, engine=EnlargingEngine(scale))

    wanted = read(reread(image)).pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    assert (reread(result).pixel_array == wanted).all()
    assert f"x{scale}" in result.SeriesDescription
    spacing = [float(value) / scale for value in image.ImagerPixelSpacing]
    assert [float(value) for value in result.PixelSpacing] == pytest.approx(spacing)


def test_what_would_be_larger_than_dicom_can_say_is_refused():
    with pytest.raises(CannotProcessError, match="rows or columns"):
        run(mammogram(rows=64, columns=48), engine=EnlargingEngine(1024))
