"""Which images a pipeline for single greyscale pictures takes, and why not the others."""

from collections.abc import Callable, Sequence

from pydicom import Dataset
from pydicom.uid import (
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
from pipelines.mammogram.decode import GREYSCALE
from pipelines.results.legal import is_identified
from pipelines.results.provenance import is_ours

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


SKIPPED: Sequence[tuple[Callable[[Dataset], bool], str]] = (
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


def why_skipped(header: Dataset, done: str) -> str | None:
    """Return why an image with this header is not `done`, None if it is."""
    found = next((reason for applies, reason in SKIPPED if applies(header)), None)
    return found and found.format(done=done)
