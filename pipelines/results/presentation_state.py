"""Outlines of lesions over an image, as a Grayscale Softcopy Presentation State (PS3.3 A.33.1)."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage

from engines.cad.finding import Points
from pipelines.display import Window
from pipelines.mammogram.attributes import numbers, text
from pipelines.results.anatomy import UNPAIRED
from pipelines.results.content import reference
from pipelines.results.derived_image import side_of, spacing_of
from pipelines.results.grey_scale import say_grey_scale
from pipelines.results.legal import carry, decimal_string, instance_number, legal, patient_study
from pipelines.results.lesions import Lesion
from pipelines.results.provenance import (
    DISCLAIMER,
    Origin,
    date_of,
    file_meta,
    sign,
    time_of,
)
from pipelines.results.series import Series, file_in

ON_SOURCE, ON_ENLARGED = (
    Series("presentation", number, "AI lesion outlines RESEARCH") for number in (9303, 9304)
)
"""Two, so that outlines of one grid are never laid over the other."""
FINDINGS, NOTICE = "AI_FINDINGS", "AI_NOTICE"
ORANGE = (44564, 45489, 47545)
"""CIELab 68, 49, 57 as PCS values (PS3.3 C.10.7.1.1)."""
WHITE = 0xFFFF
NOTICE_BOX = (0.01, 0.01), (0.6, 0.05)
"""Shares of the displayed area."""
LABEL_WIDTH, LABEL_HEIGHT, LABEL_GAP = 0.2, 0.025, 0.005
"""Shares of the columns and of the rows of the image, and how far off the outline a label is."""
MOST_ASPECT = 1 << 31


def presentation_state(
    target: Dataset,
    lesions: Sequence[Lesion],
    origin: Origin,
    otherwise: Window | None = None,
) -> Dataset:
    """Return the outlines of `lesions` over `target`.

    `lesions` are of the source of `origin`; `target` is that source, or what it was enlarged to. It
    is shown as it says itself, else by the window `otherwise`, on its own values.
    """
    scale = target.Rows // origin.source.Rows
    result = Dataset()
    patient_study(origin.source, result)
    result.SOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    _describe(result, target, scale, origin)
    sign(result, origin)
    del result.ContentDate, result.ContentTime  # it has a Presentation Creation Date instead
    _refer(result, target)
    say_grey_scale(result, target, otherwise)
    result.GraphicLayerSequence = list(_layers())
    result.GraphicAnnotationSequence = list(_annotations(target, scale, lesions))
    outcome = [said for lesion in lesions for said in (lesion.uid, label_of(lesion))]
    result.SOPInstanceUID = origin.uid(ON_SOURCE.name, text(target, "SOPInstanceUID"), *outcome)
    result.file_meta = file_meta(result, ExplicitVRLittleEndian, origin.product.version)
    return result


def label_of(lesion: Lesion) -> str:
    """Return what stands beside an outline: the name of the lesion and its probability."""
    return f"{lesion.identifier} {100 * lesion.finding.probability:.0f}%"


def _describe(result: Dataset, target: Dataset, scale: int, origin: Origin) -> None:
    source = origin.source
    side, series = side_of(source), ON_SOURCE if scale == 1 else ON_ENLARGED
    file_in(series, result, origin, text(target, "SeriesInstanceUID"), side)
    result.Modality = "PR"
    _place(result, source, side)
    result.InstanceNumber = instance_number(source)
    result.PresentationCreationDate = date_of(origin.moment)
    result.PresentationCreationTime = time_of(origin.moment)
    result.ContentLabel, result.ContentDescription = FINDINGS, DISCLAIMER
    result.ContentCreatorName = ""


def _place(result: Dataset, source: Dataset, side: str) -> None:
    """State the side, which is its series' (C.7.3.1): so one series has one."""
    if side in {"L", "R"}:
        result.Laterality = side
    elif legal(source, "BodyPartExamined") in UNPAIRED:
        carry(source, result, "BodyPartExamined")
    else:
        result.Laterality = None


def _refer(result: Dataset, target: Dataset) -> None:
    """State which image it is for, and that all of it is shown."""
    series, area = Dataset(), Dataset()
    series.SeriesInstanceUID = UID(text(target, "SeriesInstanceUID"))
    series.ReferencedImageSequence = [reference(target)]
    result.ReferencedSeriesSequence = [series]
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [target.Columns, target.Rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    spacing = spacing_of(target)
    if spacing:
        area.PresentationPixelSpacing = [decimal_string(value) for value in spacing]
    else:
        area.PresentationPixelAspectRatio = list(_aspect(target))
    result.DisplayedAreaSelectionSequence = [area]


def _aspect(target: Dataset) -> tuple[int, int]:
    """Return height and width of a pixel in some unit, 1 and 1 where they are not known."""
    match numbers(target, "PixelAspectRatio"):
        case [height, width] if all(
            one.is_integer() and 0 < one < MOST_ASPECT for one in (height, width)
        ):
            return int(height), int(width)
    return 1, 1


def _layers() -> Iterable[Dataset]:
    for order, (name, said) in enumerate(((FINDINGS, "AI findings"), (NOTICE, "Notice")), 1):
        layer = Dataset()
        layer.GraphicLayer, layer.GraphicLayerOrder = name, order
        layer.GraphicLayerRecommendedDisplayGrayscaleValue = WHITE
        layer.GraphicLayerRecommendedDisplayCIELabValue = list(ORANGE)
        layer.GraphicLayerDescription = said
        yield layer


def _annotations(target: Dataset, scale: int, lesions: Sequence[Lesion]) -> Iterable[Dataset]:
    outlines = [lesion.finding.enlarged(scale).outline for lesion in lesions]
    if lesions:
        findings = _annotation(target, FINDINGS)
        findings.GraphicObjectSequence = [
            _graphic(lesion, outline, target)
            for lesion, outline in zip(lesions, outlines, strict=True)
        ]
        findings.TextObjectSequence = [
            _label(lesion, outline, target)
            for lesion, outline in zip(lesions, outlines, strict=True)
        ]
        yield findings
    notice = _annotation(target, NOTICE)
    notice.TextObjectSequence = [_text(DISCLAIMER, "DISPLAY", *NOTICE_BOX)]
    yield notice


def _annotation(target: Dataset, layer: str) -> Dataset:
    annotation = Dataset()
    annotation.ReferencedImageSequence = [reference(target)]
    annotation.GraphicLayer = layer
    return annotation


def _graphic(lesion: Lesion, outline: Points, target: Dataset) -> Dataset:
    """Return the outline as a closed line, within the image (C.10.5.1.2)."""
    inside = np.clip(outline, 0, (target.Columns, target.Rows))
    corners = np.vstack([inside, inside[:1]])
    graphic = Dataset()
    graphic.GraphicAnnotationUnits, graphic.GraphicDimensions = "PIXEL", 2
    graphic.NumberOfGraphicPoints = len(corners)
    graphic.GraphicData = corners.astype(np.float32).ravel().tolist()
    graphic.GraphicType, graphic.GraphicFilled = "POLYLINE", "N"
    graphic.TrackingID, graphic.TrackingUID = lesion.identifier, lesion.uid
    return graphic


def _label(lesion: Lesion, outline: Points, target: Dataset) -> Dataset:
    """Return the label, on the right of the outline if it has room there, else on the left."""
    size = np.array((target.Columns, target.Rows))
    box, (gap, _) = size * (LABEL_WIDTH, LABEL_HEIGHT), size * LABEL_GAP
    first, last = outline.min(axis=0), outline.max(axis=0)
    is_right = last[0] + gap + box[0] <= size[0]
    left = last[0] + gap if is_right else first[0] - gap - box[0]
    corner = np.clip((left, first[1]), 0, size - box)
    said = _text(label_of(lesion), "PIXEL", corner, corner + box)
    said.BoundingBoxTextHorizontalJustification = "LEFT" if is_right else "RIGHT"
    return said


def _text(said: str, units: str, first: Iterable[float], last: Iterable[float]) -> Dataset:
    text_object = Dataset()
    text_object.BoundingBoxAnnotationUnits, text_object.UnformattedTextValue = units, said
    text_object.BoundingBoxTopLeftHandCorner = [float(one) for one in first]
    text_object.BoundingBoxBottomRightHandCorner = [float(one) for one in last]
    text_object.BoundingBoxTextHorizontalJustification = "LEFT"
    return text_object
