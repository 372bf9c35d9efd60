"""The super-resolved image as a mammogram For Presentation derived from its source (PS3.3 A.27)."""

from collections.abc import Iterable, Mapping

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, JPEGLSLossless

from pipelines.display import FOR_PRESENTATION, Voi
from pipelines.mammogram.attributes import items, number, numbers, text
from pipelines.mammogram.read import Grey
from pipelines.results.codes import SPATIAL_RESAMPLING, Code, item_of
from pipelines.results.derived_image import (
    confess_losses,
    derive,
    enlargement,
    measure,
    on_grid_of,
    place,
    positive_pair,
    say_nothing_of_units,
    shape,
    show,
    side_of,
)
from pipelines.results.legal import (
    carry,
    instance_number,
    patient_orientation,
    patient_study,
)
from pipelines.results.provenance import DISCLAIMER, Origin, digest, file_meta, sign
from pipelines.results.views import mammographic_view

SERIES_NUMBER = 9101
BREAST = Code("76752008", "SCT", "Breast")
BREAST_CODES = frozenset({BREAST.value, "T-04000"})
"""What it is called now and what SRT and SNM3 called it."""
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
    result = Dataset()
    patient_study(source, result)
    _identify(result, grey, origin)
    sign(result, origin)
    derive(result, source, enlargement(grey, origin))
    result.DerivationCodeSequence = [item_of(SPATIAL_RESAMPLING)]
    shape(result, grey)
    place(result, source)
    _image(result, grey, source)
    _view(result, source)
    _measure(result, source)
    say_nothing_of_units(result)
    show(result, shown)
    confess_losses(result, source)
    result.PixelData = encapsulate([codestream])
    result["PixelData"].VR = "OB"
    result["PixelData"].is_undefined_length = True
    result.file_meta = file_meta(result, JPEGLSLossless, origin.product.version)
    return result


def _is_of_the_breast(source: Dataset) -> bool:
    """Return whether it does not say that it is of anything else, a specimen say."""
    codes = (text(item, "CodeValue") for item in items(source, "AnatomicRegionSequence"))
    return all(code in BREAST_CODES for code in codes if code)


def _knows_its_losses(source: Dataset) -> bool:
    """Return whether it was compressed without losses, or by what ratio (type 1C, C.8.11.3)."""
    confessed = Dataset()
    confess_losses(confessed, source)
    return confessed.LossyImageCompression == "00" or "LossyImageCompressionRatio" in confessed


def _identify(result: Dataset, grey: Grey, origin: Origin) -> None:
    source, scale = origin.source, origin.card.scale
    outcome = digest(grey.pixels.data)
    result.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    result.SOPInstanceUID = origin.uid("derived-mammogram", text(source, "SOPInstanceUID"), outcome)
    result.SeriesInstanceUID = origin.uid(
        "derived-mammogram-series", text(source, "SeriesInstanceUID")
    )
    result.Modality, result.PresentationIntentType = "MG", FOR_PRESENTATION
    result.SeriesNumber, result.InstanceNumber = SERIES_NUMBER, instance_number(source)
    result.SeriesDescription = f"AI super-resolution x{scale} RESEARCH"
    result.ImageType = ["DERIVED", "SECONDARY", "", f"SUPERRES_X{scale}"]
    result.ImageComments = DISCLAIMER


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
