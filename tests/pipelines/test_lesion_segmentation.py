"""From outlines to masks on the pixels of the image."""

import highdicom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlined import (
    CHAIN,
    SEGMENTER,
    circle,
    covered,
    found,
    lesions_of,
    middle,
    origin_of,
    outline_of,
    overlap,
)
from phantoms import mammogram, phantom, picture
from pydicom.uid import SegmentationStorage
from reread import reread, written

from pipelines.results.lesion_segmentation import filled, lesion_segmentation
from pipelines.results.provenance import is_ours


def seg_of(image, *outlines):
    return reread(lesion_segmentation(lesions_of(image, *outlines), origin_of(image)))


def masks(seg, tmp_path):
    """Return what an independent reader finds: (rows, columns, segments)."""
    path = tmp_path / "seg.dcm"
    path.write_bytes(written(seg))
    read = highdicom.seg.segread(path)
    source = read.get_source_image_uids()[0][2]
    return read.get_pixels_by_source_instance([source])[0].astype(bool)


@pytest.mark.parametrize("view", ["LCC", "RMLO"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mass_of_a_phantom_comes_back_where_it_was_drawn(view, seed, tmp_path):
    rows, columns = 1024, 832
    outline = outline_of(phantom(view, rows, columns, seed))
    image = mammogram(view, rows=rows, columns=columns, seed=seed)

    (mask,) = np.moveaxis(masks(seg_of(image, outline), tmp_path), -1, 0)

    truth = found(outline)
    assert middle(mask) == pytest.approx(truth.centre, abs=0.1)
    assert mask.sum() == pytest.approx(truth.area, rel=0.01)
    fine = covered(4 * outline, (4 * rows, 4 * columns))
    assert overlap(mask.repeat(4, axis=0).repeat(4, axis=1), fine) > 0.97


@given(
    st.tuples(st.floats(10, 30), st.floats(10, 30)),
    st.lists(st.floats(2, 9), min_size=3, max_size=20),
)
def test_a_pixel_belongs_to_a_lesion_when_its_middle_lies_inside(centre, reach):
    turns = np.linspace(0, 2 * np.pi, len(reach), endpoint=False) + 0.123
    spread = np.array(reach)[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    outline = centre + spread

    mask = filled(outline, (40, 40))

    assert (mask != covered(outline, (40, 40))).sum() <= 1  # one may lie on the very line


def test_masks_lie_to_no_side():
    rng = np.random.default_rng(7)
    centres = 20 + rng.random((400, 2))
    offsets = [
        np.subtract(middle(filled(circle(*centre, 6.3), (40, 40))), centre) for centre in centres
    ]
    areas = [filled(circle(*centre, 6.3), (40, 40)).sum() for centre in centres]

    assert np.mean(offsets, axis=0) == pytest.approx([0, 0], abs=0.01)
    assert np.max(np.abs(offsets)) < 0.5
    assert np.mean(areas) == pytest.approx(found(circle(20, 20, 6.3)).area, rel=0.005)


def test_an_outline_round_the_image_covers_every_pixel_and_one_beyond_is_cut_off():
    whole = np.array([(0, 0), (30, 0), (30, 20), (0, 20)])

    assert filled(whole, (20, 30)).all()
    assert filled(3 * whole - 20, (20, 30)).all()
    assert filled(whole - (15, 10), (20, 30)).sum() == 15 * 10


def test_lesions_may_overlap(tmp_path):
    image = mammogram()

    seg = seg_of(image, circle(60, 80, 20), circle(70, 80, 15))

    first, second = np.moveaxis(masks(seg, tmp_path), -1, 0)
    assert (first & second).any()
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["Lesion 1", "Lesion 2"]


def test_a_segment_says_what_it_is_and_by_what_it_was_drawn():
    image = mammogram("RCC")
    (lesion,) = lesions_of(image, circle(60, 80, 20))

    seg = seg_of(image, circle(60, 80, 20))

    (segment,) = seg.SegmentSequence
    assert seg.SOPClassUID == SegmentationStorage
    assert (segment.TrackingID, segment.TrackingUID) == ("Lesion 1", lesion.uid)
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Mass"
    region = segment.AnatomicRegionSequence[0]
    assert region.CodeMeaning == "Breast"
    assert region.AnatomicRegionModifierSequence[0].CodeMeaning == "Right"
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (
        SEGMENTER.name,
        SEGMENTER.version,
    )
    assert list(seg.SoftwareVersions)[1:] == [
        f"{card.name} {card.version} sha256:{card.sha256[:12]}" for card in CHAIN
    ]


def test_it_is_a_series_of_its_own_for_research():
    seg = seg_of(mammogram(), circle(60, 80, 20))

    assert (seg.SeriesNumber, seg.Modality) == (9302, "SEG")
    assert "RESEARCH" in seg.SeriesDescription
    assert is_ours(seg)


def test_what_is_no_mammogram_is_not_called_a_breast():
    (segment,) = seg_of(picture("CT"), circle(60, 80, 20)).SegmentSequence

    assert "AnatomicRegionSequence" not in segment


def test_the_same_lesions_have_the_same_uid_and_others_another():
    image = mammogram()

    first, again = (seg_of(image, circle(60, 80, 20)) for _ in range(2))
    other = seg_of(image, circle(60, 80.3, 20))

    assert written(first) == written(again)
    assert other.SOPInstanceUID != first.SOPInstanceUID
    assert other.SeriesInstanceUID == first.SeriesInstanceUID
