"""From outlines to what a viewer lays over the image."""

import subprocess

import numpy as np
import pytest
from outlined import (
    circle,
    covered,
    forms_made,
    found,
    lesions_of,
    middle,
    origin_of,
    outline_of,
    overlap,
)
from peers.programs import program
from phantoms import mammogram, phantom, picture
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage
from reread import reread, written

from pipelines.display import Window, voi
from pipelines.display import picture as as_displayed
from pipelines.kinds import Kind
from pipelines.mammogram.read import read
from pipelines.results.grey_scale import before_reading
from pipelines.results.presentation_state import presentation_state
from pipelines.results.provenance import is_ours


def state_of(image, *outlines, target=None, otherwise=None, origin=None):
    target = image if target is None else target
    made = presentation_state(
        target, lesions_of(image, *outlines), origin or origin_of(image), otherwise
    )
    return reread(made)


def drawn(state):
    """Return the graphic objects on the layer of the findings."""
    return [
        graphic
        for annotation in state.GraphicAnnotationSequence
        if annotation.GraphicLayer == "AI_FINDINGS"
        for graphic in annotation.GraphicObjectSequence
    ]


def texts(state):
    return {
        said.UnformattedTextValue: said
        for annotation in state.GraphicAnnotationSequence
        for said in annotation.TextObjectSequence
    }


def corners(graphic):
    points = np.array(graphic.GraphicData, np.float64).reshape(-1, 2)
    assert len(points) == graphic.NumberOfGraphicPoints
    assert (points[0] == points[-1]).all()
    return points[:-1]


# Where


def test_the_mass_of_a_phantom_is_outlined_where_it_was_drawn():
    image = mammogram("RMLO", rows=1024, columns=832)
    outline = outline_of(phantom("RMLO", 1024, 832, 1))

    (graphic,) = drawn(state_of(image, outline))

    assert corners(graphic) == pytest.approx(outline, abs=1e-4)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("form", [Kind.SC_MULTIFRAME, Kind.SC_SINGLE, Kind.MG_DERIVED])
def test_what_is_drawn_into_an_image_lies_under_the_outline_once_it_is_enlarged(form, photometric):
    image = mammogram(rows=200, columns=160, photometric=photometric)
    outline = circle(77.3, 91.8, 40)
    black, white = (4095, 0) if photometric == "MONOCHROME1" else (0, 4095)
    image.PixelData = np.where(covered(outline, (200, 160)), white, black).astype("<u2").tobytes()
    image = reread(image)

    target = reread(forms_made(image)[form])
    state = state_of(image, outline, target=target)

    (graphic,) = drawn(state)
    bright = target.pixel_array > 2048
    laid = covered(corners(graphic), bright.shape)
    assert middle(bright) == pytest.approx(found(corners(graphic)).centre, abs=0.5)
    assert overlap(bright, laid) > 0.98
    referred = state.ReferencedSeriesSequence[0]
    assert referred.SeriesInstanceUID == target.SeriesInstanceUID
    assert referred.ReferencedImageSequence[0].ReferencedSOPInstanceUID == target.SOPInstanceUID


def test_outlines_are_closed_lines_that_bear_the_names_of_their_lesions():
    image = mammogram()
    wanted = lesions_of(image, circle(60, 80, 20), circle(120, 80, 15))

    state = state_of(image, circle(60, 80, 20), circle(120, 80, 15))

    for graphic, lesion in zip(drawn(state), wanted, strict=True):
        assert (graphic.GraphicType, graphic.GraphicAnnotationUnits) == ("POLYLINE", "PIXEL")
        assert graphic.GraphicFilled == "N"
        assert (graphic.TrackingID, graphic.TrackingUID) == (lesion.identifier, lesion.uid)


def test_labels_stand_beside_their_outlines_and_within_the_image():
    image = mammogram()

    state = state_of(image, circle(60, 80, 20), circle(190, 4, 15))

    right, left = (texts(state)[f"Lesion {number} 87%"] for number in (1, 2))
    assert right.BoundingBoxTopLeftHandCorner[0] >= 80
    assert left.BoundingBoxBottomRightHandCorner[0] <= 175
    assert (
        right.BoundingBoxTextHorizontalJustification,
        left.BoundingBoxTextHorizontalJustification,
    ) == ("LEFT", "RIGHT")
    for said in (right, left):
        for x, y in (said.BoundingBoxTopLeftHandCorner, said.BoundingBoxBottomRightHandCorner):
            assert 0 <= x <= image.Columns
            assert 0 <= y <= image.Rows


def test_what_reaches_beyond_the_image_is_drawn_to_its_edge():
    image = mammogram()

    (graphic,) = drawn(state_of(image, circle(0, 0, 20)))

    points = corners(graphic)
    assert points.min() == 0
    assert points.max() == pytest.approx(20, abs=0.1)


def test_the_notice_stands_on_the_display_in_a_layer_of_its_own():
    state = state_of(mammogram(), circle(60, 80, 20))

    notice = texts(state)["RESEARCH USE ONLY - NOT FOR CLINICAL DIAGNOSIS"]
    assert notice.BoundingBoxAnnotationUnits == "DISPLAY"
    layers = [layer.GraphicLayer for layer in state.GraphicLayerSequence]
    assert layers == ["AI_FINDINGS", "AI_NOTICE"]
    assert layers == [one.GraphicLayer for one in state.GraphicAnnotationSequence]


def test_all_of_the_image_is_shown_at_its_size():
    image = mammogram()

    (area,) = state_of(image, circle(60, 80, 20)).DisplayedAreaSelectionSequence

    assert list(area.DisplayedAreaTopLeftHandCorner) == [1, 1]
    assert list(area.DisplayedAreaBottomRightHandCorner) == [image.Columns, image.Rows]
    assert list(area.PresentationPixelSpacing) == list(image.ImagerPixelSpacing)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [([2, 3], [2, 3]), (None, [1, 1]), ([0, 1], [1, 1])],
    ids=str,
)
def test_without_a_spacing_the_shape_of_a_pixel_is_stated(stated, expected):
    image = picture("SC")
    image.PixelAspectRatio = stated

    (area,) = state_of(reread(image), circle(60, 80, 20)).DisplayedAreaSelectionSequence

    assert list(area.PresentationPixelAspectRatio) == expected


# How it is shown


def having(image, **attributes):
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def table(first, entries, bits=12, **attributes):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return having(item, **attributes)


SLANTED = np.linspace(0, 4095, 3000)
SHOWN = {
    "12 bits": mammogram(),
    "8 bits": mammogram(bits_stored=8),
    "16 bits": mammogram(bits_stored=16),
    "black is high": mammogram(photometric="MONOCHROME1"),
    "black is high, 8 bits": mammogram(photometric="MONOCHROME1", bits_stored=8),
    "table": mammogram(voi="LUT"),
    "table, black is high": mammogram(voi="LUT", photometric="MONOCHROME1"),
    "padding": mammogram(padding=True, photometric="MONOCHROME1"),
    "signed": picture("CR", signed=True, bits_stored=16),
    "signed, black is high": picture("CR", signed=True, photometric="MONOCHROME1"),
    "Hounsfield": picture("CT", signed=True, bits_stored=16),
    "slope": having(
        picture("CT"),
        RescaleSlope="0.25",
        RescaleIntercept="-100",
        WindowCenter="400",
        WindowWidth="900",
    ),
    "falling": having(picture("CR"), RescaleSlope="-1", RescaleIntercept="4095"),
    "no window": having(mammogram(), WindowCenter=None, WindowWidth=None),
    "useless window": having(mammogram(), WindowCenter=["1", "2000"], WindowWidth=["0", "900"]),
    "signed table": having(
        picture("CR", signed=True),
        RescaleIntercept="0",
        VOILUTSequence=[table(-1500, SLANTED, LUTExplanation="STEEP")],
    ),
    "modality table": having(
        picture("CR"), ModalityLUTSequence=[table(0, np.arange(4096)[::-1] ** 2 >> 8, 16)]
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_viewer_shows_the_image_as_we_do(name, tmp_path):
    """Rendered by dcmtk, to one grey value of 255."""
    image = reread(SHOWN[name])
    source, state, rendered = (tmp_path / one for one in ("image.dcm", "state.dcm", "out.pgm"))
    source.write_bytes(written(image))
    state.write_bytes(written(state_of(image, circle(60, 80, 20))))

    subprocess.run(
        [program("dcmp2pgm", "dcmtk"), "-p", state, source, rendered],
        check=True,
        capture_output=True,
    )

    seen = np.frombuffer(rendered.read_bytes()[-image.Rows * image.Columns :], np.uint8)
    shown = as_displayed(image)
    assert np.ptp(shown) > 100
    assert np.abs(seen.reshape(shown.shape).astype(int) - shown).max() <= 1


def test_the_enlarged_image_is_shown_like_the_source(tmp_path):
    image = reread(mammogram(photometric="MONOCHROME1", voi="LUT"))
    large = forms_made(image)[Kind.SC_MULTIFRAME]
    state = tmp_path / "state.dcm"
    state.write_bytes(written(state_of(image, circle(60, 80, 20), target=large)))
    large.decompress()
    assert large.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    source, rendered = tmp_path / "image.dcm", tmp_path / "out.pgm"
    source.write_bytes(written(large))

    subprocess.run([program("dcmp2pgm", "dcmtk"), "-p", state, source, rendered], check=True)

    seen = np.frombuffer(rendered.read_bytes()[-large.Rows * large.Columns :], np.uint8)
    shown = as_displayed(image).repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(seen.reshape(shown.shape).astype(int) - shown).max() <= 1


def test_a_sigmoid_stays_one():
    """Which dcmtk would show as a line."""
    image = mammogram(voi="SIGMOID")

    (shown,) = state_of(image, circle(60, 80, 20)).SoftcopyVOILUTSequence

    assert shown.VOILUTFunction == "SIGMOID"
    assert (shown.WindowCenter, shown.WindowWidth) == (image.WindowCenter[0], image.WindowWidth[0])


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_what_states_no_window_can_be_given_the_one_it_is_shown_by(photometric):
    image = having(
        picture("CR", photometric=photometric, signed=True), WindowCenter=None, WindowWidth=None
    )
    grey = read(reread(image))
    window = before_reading(voi(image, grey).windows[0], grey)

    state = state_of(reread(image), circle(60, 80, 20), otherwise=window)

    (shown,) = state.SoftcopyVOILUTSequence
    assert "SoftcopyVOILUTSequence" not in state_of(reread(image), circle(60, 80, 20))
    inside = image.pixel_array + float(image.RescaleIntercept)
    assert shown.WindowCenter - 0.5 == pytest.approx((inside.min() + inside.max()) / 2, abs=1)
    assert shown.WindowWidth - 1 == pytest.approx(np.ptp(inside), abs=1)


def test_a_stated_window_goes_before_any_other():
    image = mammogram()

    state = state_of(image, circle(60, 80, 20), otherwise=Window(1, 2))

    assert state.SoftcopyVOILUTSequence[0].WindowCenter == image.WindowCenter[0]


# Whose


def test_breasts_are_not_mixed_in_a_series():
    left, right = mammogram("LCC"), mammogram("RCC")
    right.SeriesInstanceUID = left.SeriesInstanceUID

    of_left, of_right = (state_of(image, circle(60, 80, 20)) for image in (left, right))

    assert (of_left.Laterality, of_right.Laterality) == ("L", "R")
    assert of_left.SeriesInstanceUID != of_right.SeriesInstanceUID


def test_a_side_that_is_not_known_is_left_open_and_one_that_is_not_there_left_out():
    unknown = mammogram()
    del unknown.ImageLaterality

    assert state_of(unknown, circle(60, 80, 20)).Laterality == ""
    assert "Laterality" not in state_of(picture("DX"), circle(60, 80, 20))


def test_series_are_told_apart_by_grid():
    image = mammogram()
    large = forms_made(image)[Kind.SC_MULTIFRAME]

    on_source = state_of(image, circle(60, 80, 20))
    on_large = state_of(image, circle(60, 80, 20), target=large)

    assert (on_source.SeriesNumber, on_large.SeriesNumber) == (9303, 9304)
    assert on_source.SeriesInstanceUID != on_large.SeriesInstanceUID
    for state in (on_source, on_large):
        assert state.SOPClassUID == GrayscaleSoftcopyPresentationStateStorage
        assert "RESEARCH" in state.SeriesDescription
        assert is_ours(state)


def test_what_is_shown_gives_the_uid_and_when_it_was_made_does_not():
    image = mammogram()
    usual = state_of(image, circle(60, 80, 20))
    later = state_of(
        image,
        circle(60, 80, 20),
        origin=origin_of(image, made_at=origin_of(image).made_at.replace(year=2027)),
    )
    elsewhere = state_of(image, circle(60, 81, 20))

    assert later.SOPInstanceUID == usual.SOPInstanceUID
    assert later.PresentationCreationDate == "20270102"
    assert elsewhere.SOPInstanceUID != usual.SOPInstanceUID


@pytest.mark.filterwarnings("ignore")
def test_nothing_else_of_the_source_is_taken_over():
    image = mammogram()
    image.private_block(0x0019, "A VENDOR", create=True).add_new(0x01, "LO", "secret")
    image.OperatorsName = "Operator^One"
    image.add_new((0x6000, 0x3000), "OW", b"\0\0")

    state = state_of(reread(image), circle(60, 80, 20))

    assert not any(element.tag.is_private for element in state)
    assert (0x6000, 0x3000) not in state
    assert "Operator" not in str(state)
