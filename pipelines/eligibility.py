"""Which images a pipeline takes, and why not the others."""

from collections.abc import Callable, Collection, Mapping, Sequence

from pydicom import Dataset
from pydicom.uid import (
    BreastProjectionXRayImageStorageForPresentation,
    BreastProjectionXRayImageStorageForProcessing,
    BreastTomosynthesisImageStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    MRImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from pipelines.mammogram.attributes import integer, text
from pipelines.mammogram.circumstances import (
    is_contrast_alone,
    is_for_biopsy,
    is_for_quality_control,
    is_magnified,
    is_mammography,
    is_spot,
    is_tomosynthesis_projection,
    is_with_implant,
)
from pipelines.mammogram.decode import GREYSCALE
from pipelines.results.legal import is_identified
from pipelines.results.provenance import is_ours

Question = Callable[[Dataset], bool]

ACCEPTED = frozenset(
    {
        DigitalMammographyXRayImageStorageForPresentation,
        DigitalXRayImageStorageForPresentation,
        ComputedRadiographyImageStorage,
        CTImageStorage,
        MRImageStorage,
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
)
FOR_PROCESSING = frozenset(
    {DigitalMammographyXRayImageStorageForProcessing, DigitalXRayImageStorageForProcessing}
)
MAMMOGRAMS = frozenset(
    {
        DigitalMammographyXRayImageStorageForPresentation,
        DigitalMammographyXRayImageStorageForProcessing,
    }
)
MAYBE_MAMMOGRAMS = frozenset(
    {
        DigitalXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
        ComputedRadiographyImageStorage,
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    }
)
"""What digitised film and older cassettes come as: mammograms where they say so."""
TOMOSYNTHESIS = frozenset(
    {
        BreastTomosynthesisImageStorage,
        BreastProjectionXRayImageStorageForPresentation,
        BreastProjectionXRayImageStorageForProcessing,
    }
)


def _is_for_processing(header: Dataset) -> bool:
    intent = text(header, "PresentationIntentType")
    return text(header, "SOPClassUID") in FOR_PROCESSING or intent == "FOR PROCESSING"


def _is_no_image(header: Dataset) -> bool:
    return "Rows" not in header and _is_of_another_class(header)


def _is_tomosynthesis(header: Dataset) -> bool:
    return text(header, "SOPClassUID") == BreastTomosynthesisImageStorage


def _is_of_another_class(header: Dataset) -> bool:
    return text(header, "SOPClassUID") not in ACCEPTED


def _has_several_frames(header: Dataset) -> bool:
    return (integer(header, "NumberOfFrames") or 1) > 1


def _is_not_greyscale(header: Dataset) -> bool:
    return text(header, "PhotometricInterpretation") not in GREYSCALE


def _is_not_identified(header: Dataset) -> bool:
    return not is_identified(header)


def _holds_no_mammogram(header: Dataset) -> bool:
    sop_class = text(header, "SOPClassUID")
    return "Rows" not in header and sop_class not in MAMMOGRAMS | MAYBE_MAMMOGRAMS


def _is_of_tomosynthesis(header: Dataset) -> bool:
    is_of_its_class = text(header, "SOPClassUID") in TOMOSYNTHESIS
    return is_of_its_class or is_tomosynthesis_projection(header)


def _is_no_mammogram(header: Dataset) -> bool:
    sop_class = text(header, "SOPClassUID")
    return sop_class not in MAMMOGRAMS and not (
        sop_class in MAYBE_MAMMOGRAMS and is_mammography(header)
    )


SKIPPED: Sequence[tuple[Question, str]] = (
    (is_ours, "it is a result of this system"),
    (_is_for_processing, "it is for processing, not for presentation"),
    (_is_no_image, "it holds no image"),
    (_is_tomosynthesis, "it is tomosynthesis, and only 2-D images are {done}"),
    (_is_of_another_class, "its SOP class is not one that is {done}"),
    (_has_several_frames, "it has several frames"),
    (_is_not_greyscale, "it is not greyscale"),
    (
        _is_not_identified,
        "its UIDs or its Patient ID are not legal, so that no result could be filed with it",
    ),
)
"""Why an image is left alone, the first that applies."""

NOT_ANALYSED: Sequence[tuple[Question, str]] = (
    (is_ours, "it is a result of this system"),
    (_holds_no_mammogram, "it holds no image"),
    (_is_of_tomosynthesis, "it is tomosynthesis, and only 2-D images are analysed"),
    (_is_no_mammogram, "it is no mammogram"),
    (_has_several_frames, "it has several frames"),
    (_is_not_greyscale, "it is not greyscale"),
    (is_contrast_alone, "it shows a contrast agent, not the breast"),
    (
        _is_not_identified,
        "its UIDs or its Patient ID are not legal, so that no result could be filed with it",
    ),
)
"""Why an image is never looked at for lesions, the first that applies."""

ALLOWABLE: Mapping[str, str] = {
    "quality-control": "it is for quality control",
    "biopsy": "it was taken for a biopsy",
    "implants": "the breast has an implant",
    "magnification": "it is a magnification view",
    "spot": "it is a spot compression view",
}
"""Words for images that are analysed only where a route allows it, and why not elsewhere."""

_CIRCUMSTANCES: Mapping[str, Question] = {
    "quality-control": is_for_quality_control,
    "biopsy": is_for_biopsy,
    "implants": is_with_implant,
    "magnification": is_magnified,
    "spot": is_spot,
}


def why_skipped(header: Dataset, done: str) -> str | None:
    """Return why an image with this header is not `done`, None if it is."""
    found = next((reason for applies, reason in SKIPPED if applies(header)), None)
    return found and found.format(done=done)


def why_not_analysed(header: Dataset, allowed: Collection[str] = ()) -> str | None:
    """Return why an image with this header is not looked at for lesions, None if it is.

    `allowed` are words of `ALLOWABLE`. An image of which several are true needs all of them.
    """
    for applies, reason in NOT_ANALYSED:
        if applies(header):
            return reason
    for word, reason in ALLOWABLE.items():
        if word not in allowed and _CIRCUMSTANCES[word](header):
            return reason
    return None
