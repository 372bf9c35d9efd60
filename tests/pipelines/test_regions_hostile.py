"""Marks that nobody should have written: they mark nothing, at once, and never anything else."""

from io import BytesIO
from time import monotonic

import numpy as np
import pytest
from marking import cad_report, coordinates, measurement_report, presentation_state, segmentation
from phantoms import mammogram
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    ComprehensiveSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    RLELossless,
    SegmentationStorage,
)
from reread import reread, written

from pipelines.mammogram.attributes import UNREADABLE
from pipelines.phantom.objects import item
from pipelines.regions.graphics import GRAPHIC_DATA
from pipelines.regions.objects import MARKING, MOST_REGIONS, regions_of

ROWS, COLUMNS = 128, 96
IMAGE = reread(mammogram(rows=ROWS, columns=COLUMNS))
UID = IMAGE.SOPInstanceUID
BOX = ("POLYLINE", [[20, 20], [40, 20], [40, 50], [20, 20]])
NAN, INFINITE = float("nan"), float("inf")
SECONDS = 10
"""What is done in a moment may take on a busy machine."""


def state_of(*graphics, **attributes):
    """A presentation state of these graphic objects, without highdicom's checks."""
    annotation = item(
        ReferencedImageSequence=[item(ReferencedSOPInstanceUID=UID)],
        GraphicObjectSequence=list(graphics),
    )
    return item(
        SOPClassUID=GrayscaleSoftcopyPresentationStateStorage,
        SOPInstanceUID="1.2.3",
        GraphicAnnotationSequence=[annotation],
        **attributes,
    )


def with_data(data):
    """A presentation state as it is read, that holds these bytes as Graphic Data."""
    state = presentation_state([IMAGE], [BOX])
    drawn = state.GraphicAnnotationSequence[0].GraphicObjectSequence[0]
    drawn._dict[GRAPHIC_DATA] = drawn.get_item(GRAPHIC_DATA)._replace(value=data)  # noqa: SLF001
    return state


def graphic(kind, places, units="PIXEL"):
    made = item(GraphicType=kind, GraphicAnnotationUnits=units)
    made.GraphicData = [float(value) for place in places for value in place]
    return made


def nested(depth):
    """A report whose content lies this deep, a mark at its end."""
    drawn = coordinates(*BOX)
    drawn.ContentSequence = [item(ReferencedSOPSequence=[item(ReferencedSOPInstanceUID=UID)])]
    for _ in range(depth):
        drawn = item(ValueType="CONTAINER", ContentSequence=[drawn])
    drawn.SOPClassUID, drawn.SOPInstanceUID = ComprehensiveSRStorage, "1.2.4"
    return drawn


def found_in(one):
    """What an object marks, and that it is known soon."""
    started = monotonic()
    found = regions_of([one], [IMAGE])
    assert monotonic() - started < SECONDS
    return found.get(UID, [])


@pytest.mark.parametrize(
    "drawn",
    [
        ("POLYLINE", [[NAN, 1], [2, 3]]),
        ("POLYLINE", [[INFINITE, 1], [2, 3]]),
        ("CIRCLE", [[10, 10], [-INFINITE, 10]]),
        ("CIRCLE", [[10, 10]]),
        ("CIRCLE", [[10, 10], [20, 10], [30, 10]]),
        ("ELLIPSE", [[10, 10], [20, 10]]),
        ("POLYLINE", []),
        ("POINT", [[10]]),
        ("POLYLINE", [[1, 2], [3]]),
        ("SPIRAL", [[1, 2], [30, 40]]),
        ("", [[1, 2], [30, 40]]),
        ("POINT", [[-1, 5]]),
        ("POINT", [[5, ROWS + 1]]),
        ("POLYLINE", [[1000, 1000], [2000, 2000]]),
        ("POLYLINE", [[-3e38, -3e38], [-1, -1]]),
    ],
    ids=str,
)
def test_a_graphic_that_is_none_or_lies_beyond_the_image_marks_nothing(drawn):
    good, bad = graphic(*BOX), graphic(*drawn)
    report = cad_report([IMAGE], [(1, {"111041": drawn}, "129788004")])

    assert len(found_in(state_of(bad, good))) == 1
    assert found_in(state_of(bad)) == []
    assert found_in(reread(report)) == []


@pytest.mark.parametrize("units", ["MATRIX", "", "DISPLAY"])
def test_units_that_cannot_be_placed_mark_nothing(units):
    assert found_in(state_of(graphic(*BOX, units))) == []


@pytest.mark.parametrize(
    "corners",
    [([1, 1], []), ([1], [2]), ([50, 50], [10, 10]), ([1, 1], [10, 10, 10])],
    ids=["no end", "one number", "end before beginning", "three numbers"],
)
def test_a_displayed_area_that_is_none_places_nothing(corners):
    area = item()
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = corners

    drawn = graphic("POLYLINE", [[0, 0], [1, 1]], "DISPLAY")

    assert found_in(state_of(drawn, DisplayedAreaSelectionSequence=[area])) == []


def test_a_mark_larger_than_the_image_is_that_image():
    (region,) = found_in(state_of(graphic("CIRCLE", [[50, 50], [3e30, 50]])))

    assert region.side == ROWS


@pytest.mark.parametrize("data", [b"", b"abc", b"\x00" * 12])
def test_graphic_data_that_are_no_pairs_of_floats_mark_nothing(data):
    assert found_in(with_data(data)) == []


def test_a_curve_of_a_million_corners_is_left_out():
    corners = np.tile(np.array([[30, 30], [40, 50]], "<f4"), (500_000, 1))
    long, short = (with_data(places.tobytes()) for places in (corners, corners[:1000]))

    assert found_in(long) == []
    assert len(found_in(short)) == 1


def test_of_very_many_marks_the_first_sixty_four_count():
    drawn = [graphic("POINT", [[x % 90, x % 120]]) for x in range(5000)]

    assert len(found_in(state_of(*drawn))) == MOST_REGIONS


def test_of_a_segmentation_of_specks_the_largest_sixty_four_count():
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[::2, ::2] = True
    mask[40:60, 30:50] = True

    found = found_in(segmentation(IMAGE, [mask]))

    assert len(found) == MOST_REGIONS
    assert found[0].side >= 40


@pytest.mark.parametrize("depth", [1, 20, 500])
def test_a_report_may_be_as_deep_as_it_likes(depth):
    assert len(found_in(nested(depth))) == (depth < 60)


def test_a_report_of_very_many_items_is_read_no_further_than_sensible():
    many = [item(ValueType="TEXT")] * 100_000
    report = item(SOPClassUID=ComprehensiveSRStorage, SOPInstanceUID="1.2.5", ContentSequence=many)

    assert found_in(report) == []


@pytest.mark.parametrize(
    "place", [[1], [1, 2, 1], [1, 2], [1, 2, 1, 1], [9, 9], [], [4294967295]], ids=str
)
def test_a_reference_in_a_circle_or_into_nowhere_selects_no_image(place):
    report = cad_report([IMAGE], [(1, {"111041": BOX}, "129788004")])
    drawn = report.ContentSequence[1].ContentSequence[1]
    drawn.ContentSequence[0].ReferencedContentItemIdentifier = place

    assert found_in(reread(report)) == []


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
@pytest.mark.parametrize(
    "spoil",
    [
        {"PixelData": b""},
        {"PixelData": b"\xff" * 10},
        {"Rows": 60000, "Columns": 60000},
        {"Rows": 0},
        {"BitsAllocated": 64},
        {"NumberOfFrames": 2**31 - 1},
        {"MaximumFractionalValue": 0},
        {"PerFrameFunctionalGroupsSequence": []},
        {"SharedFunctionalGroupsSequence": []},
        {"SegmentSequence": []},
    ],
    ids=str,
)
def test_a_broken_segmentation_marks_nothing_or_what_is_left(kind, spoil):
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[40:60, 30:50] = True
    made = segmentation(IMAGE, [mask], kind)
    made.update(item(**spoil))

    assert len(found_in(made)) <= 1


def test_segmentations_that_claim_more_frames_than_they_hold_are_soon_done():
    mask = np.zeros((ROWS, COLUMNS), bool)
    mask[40:60, 30:50] = True
    made = segmentation(IMAGE, [mask], "FRACTIONAL", transfer_syntax=RLELossless)
    (group,) = made.PerFrameFunctionalGroupsSequence
    made.PerFrameFunctionalGroupsSequence = [group] * 3000
    made.NumberOfFrames = 3000

    assert len(found_in(made)) == 1


@pytest.mark.parametrize(
    ("one", "keyword"),
    [
        (presentation_state([IMAGE], [BOX]), "GraphicAnnotationSequence"),
        (measurement_report(IMAGE, [BOX]), "ContentSequence"),
        (
            segmentation(IMAGE, [np.eye(ROWS, COLUMNS, dtype=bool)]),
            "PerFrameFunctionalGroupsSequence",
        ),
    ],
    ids=["state", "report", "segmentation"],
)
def test_a_sequence_that_is_cut_off_ends_what_is_read(one, keyword):
    tag = tag_for_keyword(keyword)
    one[tag] = RawDataElement(tag, "SQ", 3, b"\xfe\xff\x00", 0, False, True)  # noqa: FBT003

    assert found_in(one) == []


@pytest.mark.parametrize("sop_class", sorted(MARKING))
def test_an_object_that_holds_nothing_marks_nothing(sop_class):
    assert found_in(item(SOPClassUID=sop_class)) == []


def test_images_without_a_size_have_no_regions():
    blank = item(SOPInstanceUID=UID)

    assert regions_of([state_of(graphic(*BOX))], [blank, Dataset()]) == {}


MASK = np.zeros((ROWS, COLUMNS), bool)
MASK[40:60, 30:50] = True
FILES = {
    "state": written(presentation_state([IMAGE], [BOX, ("CIRCLE", [[50, 50], [60, 50]])])),
    "bits": written(segmentation(IMAGE, [MASK])),
    "shares": written(segmentation(IMAGE, [MASK], "FRACTIONAL", transfer_syntax=RLELossless)),
    "report": written(measurement_report(IMAGE, [BOX])),
    "cad": written(cad_report([IMAGE], [(1, {"111041": BOX}, "129788004")])),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore")
def test_garbled_objects_mark_regions_or_nothing(name):
    random, file, read = np.random.default_rng(2026), FILES[name], 0

    for _ in range(150):
        spoilt = bytearray(file)
        for _ in range(random.integers(1, 12)):
            spoilt[random.integers(350, len(file))] = random.integers(256)
        try:
            one = dcmread(BytesIO(bytes(spoilt)))
        except (*UNREADABLE, InvalidDicomError, RecursionError):
            continue  # the listener's business
        one.update(item(SOPClassUID=dcmread(BytesIO(file)).SOPClassUID))
        read += 1
        for region in regions_of([one], [IMAGE]).get(UID, []):
            assert 32 <= region.side <= ROWS

    assert read > 50


def test_a_segmentation_class_is_what_segmentations_are_of():
    assert dcmread(BytesIO(FILES["bits"])).SOPClassUID == SegmentationStorage
