import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from marking import cad_report, coordinates, measurement_report, presentation_state, segmentation
from phantoms import mammogram, picture
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import (
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from reread import reread
from scipy import ndimage

from engines.cad.finding import Region
from pipelines.phantom.objects import code, item
from pipelines.regions.extent import Box, region_around
from pipelines.regions.graphics import extent
from pipelines.regions.objects import MARKING, accompanies, regions_of
from pipelines.regions.segmentations import frames, parts
from pipelines.results.provenance import MANUFACTURER, MODEL_NAME

ROWS, COLUMNS = 256, 208
IMAGE = reread(mammogram(rows=ROWS, columns=COLUMNS))
OTHER = reread(mammogram("RCC", rows=ROWS, columns=COLUMNS))
TRIANGLE = ("POLYLINE", [[50, 60], [90, 60], [90, 80], [50, 60]])
AROUND_TRIANGLE = Region(30, 30, 80)
CIRCLE = ("CIRCLE", [[100, 120], [130, 120]])
AROUND_CIRCLE = Region(40, 60, 120)
MASS, NIPPLE, CALCIFICATION = "129788004", "24142002", "129770007"
CENTER, OUTLINE, PATH = "111010", "111041", "121055"


def blob(*parts, shape=(ROWS, COLUMNS)):
    """A mask that is set on these (rows, columns)."""
    mask = np.zeros(shape, bool)
    for down, across in parts:
        mask[slice(*down), slice(*across)] = True
    return mask


def regions(one, image=IMAGE):
    return regions_of([one], [image]).get(image.SOPInstanceUID, [])


def report_of(*children):
    """A report of these content items, as it is read."""
    report = cad_report([IMAGE], [])
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = ComprehensiveSRStorage
    report.ContentSequence = list(children)
    return reread(report)


def image_item(image=IMAGE):
    return item(
        ValueType="IMAGE",
        RelationshipType="SELECTED FROM",
        ReferencedSOPSequence=[item(ReferencedSOPInstanceUID=image.SOPInstanceUID)],
    )


@pytest.mark.parametrize(
    ("drawn", "region"),
    [
        (TRIANGLE, AROUND_TRIANGLE),
        (("INTERPOLATED", TRIANGLE[1]), AROUND_TRIANGLE),
        (CIRCLE, AROUND_CIRCLE),
        (("ELLIPSE", [[60, 100], [140, 100], [100, 90], [100, 110]]), Region(20, 20, 160)),
        (("POLYLINE", [[50, 60], [90, 60]]), Region(30, 20, 80)),  # as a ruler is drawn
    ],
)
def test_what_is_drawn_is_looked_at_with_as_much_around_it(drawn, region):
    assert regions(presentation_state([IMAGE], [drawn])) == [region]


def test_a_circle_whose_centre_and_rim_are_given_reaches_as_far_on_every_side():
    state = presentation_state([IMAGE], [("CIRCLE", [[100, 120], [118, 96]])])

    assert regions(state) == [Region(40, 60, 120)]


def test_what_is_placed_on_the_display_lies_on_the_displayed_area():
    state = presentation_state([IMAGE], [("POLYLINE", [[0, 0], [0.5, 0.5]])], "DISPLAY")
    area = state.DisplayedAreaSelectionSequence[0]
    area.DisplayedAreaTopLeftHandCorner = [41, 101]
    area.DisplayedAreaBottomRightHandCorner = [120, 180]

    assert regions(reread(state)) == [Region(20, 80, 80)]


@pytest.mark.parametrize("turn", [{"ImageRotation": 90}, {"ImageHorizontalFlip": "Y"}])
def test_what_is_placed_on_a_turned_display_marks_nothing_but_pixels_stay_pixels(turn):
    on_display = presentation_state([IMAGE], [("POLYLINE", [[0, 0], [0.5, 0.5]])], "DISPLAY")
    on_pixels = presentation_state([IMAGE], [TRIANGLE])
    for state in (on_display, on_pixels):
        state.update(item(ImageRotation=0, ImageHorizontalFlip="N"))
        state.update(item(**turn))

    assert regions(reread(on_display)) == []
    assert regions(reread(on_pixels)) == [AROUND_TRIANGLE]


def test_a_state_marks_all_images_that_it_lists_unless_its_graphics_name_some():
    both = presentation_state([IMAGE, OTHER], [TRIANGLE])
    one = presentation_state([IMAGE, OTHER], [TRIANGLE])
    for annotation in both.GraphicAnnotationSequence:
        del annotation.ReferencedImageSequence
    del one.GraphicAnnotationSequence[0]

    assert set(regions_of([reread(both)], [IMAGE, OTHER])) == {
        IMAGE.SOPInstanceUID,
        OTHER.SOPInstanceUID,
    }
    assert set(regions_of([reread(one)], [IMAGE, OTHER])) == {OTHER.SOPInstanceUID}


def test_text_alone_marks_nothing():
    state = presentation_state([IMAGE], [TRIANGLE])
    del state.GraphicAnnotationSequence[0].GraphicObjectSequence

    assert regions_of([reread(state)], [IMAGE]) == {}


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_each_connected_part_of_each_segment_is_looked_at(kind):
    first = blob(((40, 60), (50, 80)), ((150, 170), (20, 30)))
    second = blob(((100, 120), (100, 140)))

    found = regions(segmentation(IMAGE, [first, second], kind))

    assert found == [Region(35, 20, 60), Region(5, 140, 40), Region(80, 70, 80)]


def test_of_a_fractional_segmentation_a_half_and_more_counts():
    shares = np.where(blob(((40, 60), (50, 80))), 0.6, 0.4) * blob(((30, 90), (40, 100)))

    assert regions(segmentation(IMAGE, [shares], "FRACTIONAL")) == [Region(35, 20, 60)]


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_a_compressed_segmentation_says_the_same(syntax):
    masks = [blob(((40, 60), (50, 80))), blob(((100, 120), (100, 140)))]

    coded = segmentation(IMAGE, masks, "FRACTIONAL", transfer_syntax=syntax)

    assert regions(coded) == regions(segmentation(IMAGE, masks, "FRACTIONAL"))


def test_frames_of_bits_that_begin_within_a_byte_are_told_apart():
    image = reread(mammogram(rows=67, columns=53))
    masks = [blob(((start, start + 10), (20, 40)), shape=(67, 53)) for start in (10, 30, 50)]

    found = regions(segmentation(image, masks), image)

    assert found == [Region(10, -5, 40), Region(10, 15, 40), Region(10, 35, 40)]


def test_one_pixel_of_a_segmentation_is_looked_at_from_its_middle():
    assert regions(segmentation(IMAGE, [blob(((100, 101), (50, 51)))])) == [Region(35, 85, 32)]


@pytest.mark.parametrize("category", [codes.SCT.AnatomicalStructure, codes.SCT.PhysicalObject])
def test_a_whole_breast_or_an_implant_is_no_mark(category):
    mask = blob(((10, 200), (0, 150)))

    assert regions(segmentation(IMAGE, [mask], category=category)) == []


def test_a_segmentation_on_another_grid_marks_nothing():
    small = reread(mammogram(rows=ROWS // 2, columns=COLUMNS // 2))
    mask = blob(((10, 20), (10, 20)), shape=(ROWS // 2, COLUMNS // 2))
    other = segmentation(small, [mask])
    for group in other.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        source.ReferencedSOPInstanceUID = IMAGE.SOPInstanceUID

    assert regions(reread(other)) == []


def test_a_segmentation_that_lists_one_image_lies_on_that():
    mask = blob(((40, 60), (50, 80)))
    made = segmentation(IMAGE, [mask])
    for group in made.PerFrameFunctionalGroupsSequence:
        del group.DerivationImageSequence

    assert regions(reread(made)) == [Region(35, 20, 60)]


def test_regions_of_a_measurement_report_are_looked_at():
    report = measurement_report(IMAGE, [TRIANGLE, CIRCLE])

    assert regions(report) == [AROUND_TRIANGLE, AROUND_CIRCLE]


def test_of_a_finding_of_a_cad_its_outline_counts_or_else_its_center():
    report = cad_report(
        [OTHER, IMAGE],
        [
            (2, {CENTER: ("POINT", [[70, 70]]), OUTLINE: TRIANGLE}, MASS),
            (2, {CENTER: ("POINT", [[150, 100]])}, MASS),
            (1, {OUTLINE: CIRCLE}, MASS),
            (2, {CENTER: ("POINT", [[10, 100]])}, NIPPLE),
            (2, {CENTER: ("POINT", [[20, 100]])}, CALCIFICATION),
        ],
    )

    found = regions_of([report], [IMAGE, OTHER])

    first, second = found[IMAGE.SOPInstanceUID]
    assert first == AROUND_TRIANGLE
    assert second.centre == (150, 100)
    assert found[OTHER.SOPInstanceUID] == [AROUND_CIRCLE]


def test_what_a_cad_dropped_is_no_mark():
    report = cad_report([IMAGE], [(1, {OUTLINE: TRIANGLE}, MASS), (1, {OUTLINE: CIRCLE}, MASS)])
    intent = report.ContentSequence[1].ContentSequence[0]
    intent.ConceptCodeSequence = [code("111152", "Not for Presentation", "DCM")]

    assert regions(reread(report)) == [AROUND_CIRCLE]


@pytest.mark.parametrize(
    ("name", "is_mark"), [("", True), ("111030", True), (OUTLINE, True), (PATH, False)]
)
def test_coordinates_count_without_a_name_or_under_that_of_a_region(name, is_mark):
    drawn = coordinates(*TRIANGLE, name)
    drawn.ContentSequence = [image_item()]
    measurement = item(ValueType="NUM", ContentSequence=[drawn])

    assert regions(report_of(measurement)) == ([AROUND_TRIANGLE] if is_mark else [])


def test_a_point_stands_for_a_lesion_of_sixteen_millimetres():
    known, unknown = mammogram(rows=ROWS, columns=COLUMNS), picture("SC", rows=800, columns=400)
    known.ImagerPixelSpacing = ["0.2", "0.2"]
    point = Box(100, 120, 100, 120)

    assert region_around(point, known) == Region(20, 40, 160)
    assert region_around(point, unknown) == Region(60, 80, 80)


def test_a_point_is_measured_by_the_spacing_that_areas_are():
    image = mammogram(rows=ROWS, columns=COLUMNS)
    image.ImagerPixelSpacing, image.PixelSpacing = ["0.1", "0.1"], ["0.2", "0.2"]

    assert region_around(Box(100, 120, 100, 120), image) == Region(20, 40, 160)


@pytest.mark.parametrize("keyword", ["ImagerPixelSpacing", "NominalScannedPixelSpacing"])
def test_a_spacing_that_is_none_is_not_used(keyword):
    image = picture("SC", rows=800, columns=400)
    setattr(image, keyword, ["0", "0"])

    assert region_around(Box(100, 120, 100, 120), image) == Region(60, 80, 80)


def test_objects_of_a_study_are_read_in_any_order_and_equal_regions_count_once():
    objects = [
        segmentation(IMAGE, [blob(((40, 60), (50, 80)))]),
        presentation_state([IMAGE, OTHER], [TRIANGLE, CIRCLE, TRIANGLE]),
        measurement_report(IMAGE, [TRIANGLE]),
    ]

    one = regions_of(objects, [IMAGE, OTHER])
    other = regions_of(objects[::-1], [OTHER, IMAGE])

    assert one == other
    assert sorted(one[IMAGE.SOPInstanceUID], key=str) == sorted(
        [AROUND_TRIANGLE, AROUND_CIRCLE, Region(35, 20, 60)], key=str
    )


def test_what_marks_other_images_marks_nothing_here():
    assert regions_of([presentation_state([OTHER], [TRIANGLE])], [IMAGE]) == {}


def test_objects_of_ours_mark_nothing():
    state = presentation_state([IMAGE], [TRIANGLE])
    state.Manufacturer, state.ManufacturerModelName = MANUFACTURER, MODEL_NAME

    assert not accompanies(state)
    assert regions_of([state], [IMAGE]) == {}


@pytest.mark.parametrize("sop_class", sorted(MARKING))
def test_objects_that_may_mark_regions_accompany_a_study(sop_class):
    assert accompanies(item(SOPClassUID=sop_class))


def test_images_and_other_reports_do_not():
    assert EnhancedSRStorage in MARKING
    assert not any(map(accompanies, [IMAGE, Dataset(), item(SOPClassUID="1.2.840.10008.1.1")]))


edges = st.floats(-300, 600)


@given(edges, edges, edges, edges)
@example(0, 0, COLUMNS, ROWS)
@example(10, 10, 10, 10)
def test_a_region_has_the_centre_of_its_mark_and_holds_it(left, top, right, bottom):
    box = Box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))

    region = region_around(box, IMAGE)

    seen = box.within(COLUMNS, ROWS)
    assert (region is None) == (seen is None)
    if region is None:
        return
    centre = (seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2
    assert math.dist(region.centre, centre) <= math.sqrt(0.5) + 1e-9
    assert 32 <= region.side <= max(ROWS, COLUMNS)
    assert region.side >= seen.length
    if 32 <= 2 * seen.length <= ROWS:
        assert region.side == math.ceil(2 * seen.length)


@given(st.tuples(edges, edges), st.floats(1, 100), st.floats(0, 100), st.floats(0, math.pi))
def test_an_ellipse_reaches_as_far_as_its_points(centre, long, short, angle):
    axes = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    ends = [
        centre + sign * half * axis
        for half, axis in zip((long, short), axes, strict=True)
        for sign in (1, -1)
    ]
    turns = np.linspace(0, 2 * math.pi, 3601)[:, None]
    rim = centre + long * np.cos(turns) * axes[0] + short * np.sin(turns) * axes[1]

    box = extent(coordinates("ELLIPSE", ends))

    wanted = Box.around(rim)
    found = [box.left, box.top, box.right, box.bottom]
    assert found == pytest.approx([wanted.left, wanted.top, wanted.right, wanted.bottom], abs=1e-2)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_every_part_of_a_mask_has_a_box_and_no_box_is_empty(seed):
    noise = np.random.default_rng(seed).normal(size=(64, 48))
    mask = ndimage.gaussian_filter(noise, 3) > 0.08
    image = reread(mammogram(rows=64, columns=48))
    (frame,) = frames(segmentation(image, [mask]), {image.SOPInstanceUID: image})

    found = parts(frame)

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    wanted = {
        (float(across.start), float(down.start), float(across.stop), float(down.stop))
        for down, across in ndimage.find_objects(labels)
    }
    assert len(found) == count
    assert {(box.left, box.top, box.right, box.bottom) for box in found} == wanted
