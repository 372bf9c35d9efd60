"""From an image to what lies where on it."""

import highdicom
import numpy as np
import pytest
from answering import Answering, brightness, card
from doubling import context, results_of
from phantoms import mammogram, tomosynthesis
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage
from reread import reread, written

from engines.card import Label
from pipelines.errors import CannotProcessError
from pipelines.mammogram.read import read
from pipelines.results.provenance import is_ours
from pipelines.segmentation import Segmentation

DENSE, DENSER = Label(name="dense"), Label(name="denser")
PIPELINE = Segmentation("segmentation:plain", "plain")


def run(image, engine):
    return [reread(result) for result in results_of(PIPELINE, reread(image), context(engine))]


def masks(segmentation, tmp_path):
    """Return what an independent reader finds: (rows, columns, segments)."""
    path = tmp_path / "seg.dcm"
    path.write_bytes(written(segmentation))
    seg = highdicom.seg.segread(path)
    source = seg.get_source_image_uids()[0][2]
    return seg.get_pixels_by_source_instance([source])[0]


def shares(report):
    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for group in report.ContentSequence[-1].ContentSequence
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    ]


def brighter(image, *thresholds):
    grey = read(reread(image))
    low, high = grey.span
    share = (np.clip(grey.pixels, low, high).astype(float) - low) / (high - low)
    return [(share > one) & ~grey.background for one in thresholds]


def test_a_network_with_a_halo_sees_every_pixel(tmp_path):
    image = mammogram(rows=150, columns=100, padding=True)
    engine = brightness(0.4, 0.6, labels=(DENSE, DENSER), halo=8)

    seg, report = run(image, engine)

    expected = np.stack(brighter(image, 0.4, 0.6), axis=-1)
    assert expected.any(axis=(0, 1)).all()
    assert (masks(seg, tmp_path) == expected).all()
    assert shares(report) == pytest.approx(100 * expected.mean(axis=(0, 1)), abs=0.01)


def test_a_network_without_a_halo_sees_the_image_shrunk(tmp_path):
    image = mammogram(rows=512, columns=384)

    seg, _ = run(image, brightness(0.5, labels=(DENSE,), tile=128))

    found = masks(seg, tmp_path)[..., 0].astype(bool)
    (expected,) = brighter(image, 0.5)
    assert found.shape == expected.shape
    assert (found & expected).sum() / (found | expected).sum() > 0.9


def test_the_mask_is_a_binary_segmentation_of_its_source():
    image = mammogram()

    seg, report = run(image, brightness(0.4, 0.6, labels=(DENSE, DENSER)))

    assert seg.SOPClassUID == SegmentationStorage
    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert seg.SegmentationType == "BINARY"
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["dense", "denser"]
    referred = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    assert referred.ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert seg.ContentQualification == "RESEARCH"
    assert is_ours(seg)
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert evidence[1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == seg.SOPInstanceUID


def test_where_nothing_is_seen_the_report_alone_says_so():
    (report,) = run(mammogram(), brightness(1, labels=(DENSE,)))

    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert shares(report) == [0]


def test_of_several_labels_only_those_that_are_seen_become_segments():
    seg, report = run(mammogram(), brightness(1, 0.5, labels=(DENSE, DENSER)))

    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["denser"]
    assert shares(report)[0] == 0
    assert len(shares(report)) == 2


def test_the_label_background_is_no_finding():
    engine = brightness(0.2, 0.5, labels=(Label(name="background"), DENSE))

    seg, report = run(mammogram(), engine)

    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["dense"]
    assert len(shares(report)) == 1


def test_padding_is_never_part_of_a_mask():
    image = mammogram(padding=True)
    everywhere = Answering(card("segmentation", (DENSE,)), np.ones_like)

    seg, _ = run(image, everywhere)

    is_padding = image.pixel_array == image.PixelPaddingValue
    assert (seg.pixel_array.astype(bool) == ~is_padding).all()


def test_the_same_mask_has_the_same_uid_and_another_mask_another():
    image = mammogram()

    first, again = (run(image, brightness(0.5, labels=(DENSE,))) for _ in range(2))
    other = run(image, brightness(0.6, labels=(DENSE,)))

    assert first == again
    assert {one.SOPInstanceUID for one in first}.isdisjoint(one.SOPInstanceUID for one in other)


def test_an_answer_of_another_size_is_refused():
    with pytest.raises(CannotProcessError, match="answers"):
        run(mammogram(), Answering(card("segmentation", (DENSE,)), lambda b: b[..., ::2, ::2]))


def test_what_is_no_single_picture_is_skipped():
    assert PIPELINE.skips(mammogram()) is None
    assert "segmented" in PIPELINE.skips(tomosynthesis())
