"""The super-resolved image as a Secondary Capture, of one frame or of many (PS3.3 A.8.1, A.8.4)."""

from pydicom import Dataset
from pydicom.uid import (
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from pipelines.display import Voi
from pipelines.mammogram.read import Grey
from pipelines.results.derived_image import measure, say_nothing_of_units
from pipelines.results.enlarged_image import encoded, enlarged_image
from pipelines.results.provenance import (
    DISCLAIMER,
    MANUFACTURER,
    MODEL_NAME,
    Origin,
    date_of,
    time_of,
)

MULTI_FRAME_SERIES, SINGLE_FRAME_SERIES = 9102, 9103


def secondary_capture(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return `grey`, enlarged from the source of `origin` and encoded as `codestream`."""
    result = enlarged_image(grey, shown, origin, "image", MULTI_FRAME_SERIES)
    result.SOPClassUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    capture(result, origin)
    measure(result, origin.source)
    result.NumberOfFrames = 1  # and no Frame Increment Pointer: it is for several (C.7.6.6)
    say_nothing_of_units(result)
    return encoded(result, codestream, origin)


def single_frame(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return the same for those who know nothing of frames; it cannot promise P-values."""
    result = enlarged_image(grey, shown, origin, "single-image", SINGLE_FRAME_SERIES)
    result.SOPClassUID = SecondaryCaptureImageStorage
    capture(result, origin)
    measure(result, origin.source)
    return encoded(result, codestream, origin)


def capture(result: Dataset, origin: Origin) -> None:
    """State that a computer made the image, and which (SC Equipment module)."""
    result.Modality, result.ConversionType = "OT", "SYN"
    result.DateOfSecondaryCapture = date_of(origin.moment)
    result.TimeOfSecondaryCapture = time_of(origin.moment)
    result.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    result.SecondaryCaptureDeviceManufacturerModelName = MODEL_NAME
    result.SecondaryCaptureDeviceSoftwareVersions = origin.software_versions
    result.ImageComments = DISCLAIMER
    result.BurnedInAnnotation = result.RecognizableVisualFeatures = "NO"
