"""The super-resolved image as a mammogram For Presentation derived from its source (PS3.3 A.27)."""

from collections.abc import Iterable, Mapping

from pydicom import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation

from pipelines.display import FOR_PRESENTATION, Voi
from pipelines.mammogram.attributes import items, number, numbers, text
from pipelines.mammogram.circumstances import BREAST_CODES
from pipelines.mammogram.read import Grey
from pipelines.results.codes import BREAST, Code, item_of
from pipelines.results.derived_image import (
    confess_losses,
    measure,
    on_grid_of,
    positive_pair,
    say_nothing_of_units,
    side_of,
)
from pipelines.results.enlarged_image import encoded, enlarged_image
from pipelines.results.legal import carry, patient_orientation
from pipelines.results.provenance import DISCLAIMER, Origin
from pipelines.results.views import mammographic_view

SERIES_NUMBER = 9101
MAMMOGRAPHIC = "MAMMOGRAPHIC"

MANDATORY: Mapping[str, frozenset[str]] = {
    "PixelIntensityRelationship": frozenset({"LIN", "LOG"}),
}
"""What only the source can know of how it was taken, and its terms (C.8.11.3, C.8.11.7)."""
POSITIONERS = frozenset({MAMMOGRAPHIC, "NONE"})
OPTIONAL: Mapping[str, frozenset[str]] = {
    "BreastImplantPresent": frozenset({"YES", "NO"}),
    "DetectorType": frozenset({"DIRECT", "SCINTILLATOR", "STORAGE", "FILM"}),
    "PartialView": frozenset({"YES", "NO"}),
    "QualityControlImage": frozenset({"YES", "NO"}),
}
GEOMETRY = (
    "BodyPartThickness",
    "CompressionForce",
    "DistanceSourceToDetector",
    "DistanceSourceToPatient",
    "EstimatedRadiographicMagnificationFactor",
    "PositionerPrimaryAngle",
)
"""What measurements depend on; the dose is the source's alone, lest it be counted twice."""
SIDES = frozenset({"L", "R", "B"})
SIGNS = frozenset({1, -1})


def can_derive(source: Dataset) -> bool:
    """Return whether a legal mammogram For Presentation can be made of `source`.

    It must be one itself, and say what every mammogram must: its side, view and orientation, the
    spacing of its pixels and how they relate to the beam, and the ratio of its compression if that
    was lossy.
    """
    return (
        text(source, "SOPClassUID") == DigitalMammographyXRayImageStorageForPresentation
        and side_of(source) in SIDES
        and mammographic_view(source) is not None
        and patient_orientation(source) is not None
        and bool(positive_pair(source, "ImagerPixelSpacing"))
        and number(source, "PixelIntensityRelationshipSign") in SIGNS
        and all(text(source, keyword) in terms for keyword, terms in MANDATORY.items())
        and _positioner(source) in POSITIONERS
        and _is_of_the_breast(source)
        and _knows_its_losses(source)
    )


def derived_mammogram(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return `grey`, enlarged from the source of `origin` and encoded as `codestream`.

    The source is one that `can_derive` says yes to.
    """
    source = origin.source
    result = enlarged_image(grey, shown, origin, "derived-mammogram", SERIES_NUMBER)
    result.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    result.Modality, result.PresentationIntentType = "MG", FOR_PRESENTATION
    result.ImageComments = DISCLAIMER
    _image(result, grey, source)
    _view(result, source)
    _measure(result, source)
    say_nothing_of_units(result)
    return encoded(result, codestream, origin)


def _is_of_the_breast(source: Dataset) -> bool:
    """Return whether it does not say that it is of anything else, a specimen say."""
    codes = (text(item, "CodeValue") for item in items(source, "AnatomicRegionSequence"))
    return all(code in BREAST_CODES for code in codes if code)


def _knows_its_losses(source: Dataset) -> bool:
    """Return whether it was compressed without losses, or by what ratio (type 1C, C.8.11.3)."""
    confessed = Dataset()
    confess_losses(confessed, source)
    return confessed.LossyImageCompression == "00" or "LossyImageCompressionRatio" in confessed


def _positioner(source: Dataset) -> str:
    """Return what held the breast; where nobody says, what takes the views of mammography."""
    return text(source, "PositionerType") or MAMMOGRAPHIC


def _image(result: Dataset, grey: Grey, source: Dataset) -> None:
    """State what DX Image, DX Detector and Mammography Image modules want of how it was taken."""
    result.BodyPartExamined = result.OrganExposed = "BREAST"
    result.AnatomicRegionSequence = [item_of(BREAST)]
    result.AcquisitionContextSequence = []
    result.DetectorType = ""
    for keyword, terms in {**MANDATORY, **OPTIONAL}.items():
        if text(source, keyword) in terms:
            setattr(result, keyword, text(source, keyword))
    result.PositionerType = _positioner(source)
    carry(source, result, *GEOMETRY)
    sign_of_beam = int(number(source, "PixelIntensityRelationshipSign") or 0)
    is_complement = grey.gain * (number(source, "RescaleSlope") or 1) < 0
    result.PixelIntensityRelationshipSign = -sign_of_beam if is_complement else sign_of_beam
    is_burned = text(source, "BurnedInAnnotation") == "YES"
    result.BurnedInAnnotation = "YES" if is_burned else "NO"


def _view(result: Dataset, source: Dataset) -> None:
    """State the view with its modifiers: a magnification or a spot compression stays one."""
    view = mammographic_view(source)
    if view is None:
        return
    item = item_of(view.present)
    item.ViewModifierCodeSequence = [
        modifier
        for said in items(source, "ViewCodeSequence")[:1]
        for modifier in _coded(said, "ViewModifierCodeSequence")
    ]
    result.ViewCodeSequence = [item]
    carry(source, result, "ViewPosition", "PartialViewDescription")
    parts = list(_coded(source, "PartialViewCodeSequence"))
    if parts:
        result.PartialViewCodeSequence = parts


def _coded(item: Dataset, keyword: str) -> Iterable[Dataset]:
    """Yield the items of a code sequence that are legal."""
    codes = map(Code.of, items(item, keyword))
    return (item_of(code) for code in codes if code is not None)


def _measure(result: Dataset, source: Dataset) -> None:
    """State the spacing on the detector, and that in the patient where the source has one."""
    spacing = numbers(source, "ImagerPixelSpacing")
    result.ImagerPixelSpacing = on_grid_of(result, source, spacing)
    if positive_pair(source, "PixelSpacing"):
        measure(result, source)
