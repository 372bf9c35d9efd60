"""The super-resolved image as a Secondary Capture, of one frame or of many (PS3.3 A.8.1, A.8.4)."""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    JPEGLSLossless,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from pipelines.display import Voi
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Grey
from pipelines.results.codes import SPATIAL_RESAMPLING, item_of
from pipelines.results.derived_image import (
    confess_losses,
    derive,
    enlargement,
    measure,
    place,
    say_nothing_of_units,
    shape,
    show,
)
from pipelines.results.legal import instance_number, patient_study
from pipelines.results.provenance import (
    DISCLAIMER,
    MANUFACTURER,
    MODEL_NAME,
    Origin,
    date_of,
    digest,
    file_meta,
    sign,
    time_of,
)


@dataclass(frozen=True, slots=True)
class _Form:
    """What tells one form from the other; `name` keys UIDs, and numbers are high to hang behind."""

    sop_class: UID
    name: str
    series_number: int


_MULTIFRAME = _Form(MultiFrameGrayscaleWordSecondaryCaptureImageStorage, "image", 9102)
_SINGLE = _Form(SecondaryCaptureImageStorage, "single-image", 9103)


def secondary_capture(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return `grey`, enlarged from the source of `origin` and encoded as `codestream`."""
    result = _captured(grey, shown, codestream, origin, _MULTIFRAME)
    result.NumberOfFrames = 1  # and no Frame Increment Pointer: it is for several (C.7.6.6)
    say_nothing_of_units(result)
    return result


def single_frame(grey: Grey, shown: Voi, codestream: bytes, origin: Origin) -> Dataset:
    """Return the same for those who know nothing of frames; it cannot promise P-values."""
    return _captured(grey, shown, codestream, origin, _SINGLE)


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


def _captured(grey: Grey, shown: Voi, codestream: bytes, origin: Origin, form: _Form) -> Dataset:
    source = origin.source
    result = Dataset()
    patient_study(source, result)
    _identify(result, grey, origin, form)
    sign(result, origin)
    capture(result, origin)
    derive(result, source, enlargement(grey, origin))
    result.DerivationCodeSequence = [item_of(SPATIAL_RESAMPLING)]
    shape(result, grey)
    place(result, source)
    measure(result, source)
    show(result, shown)
    confess_losses(result, source)
    result.PixelData = encapsulate([codestream])
    result["PixelData"].VR = "OB"
    result["PixelData"].is_undefined_length = True
    result.file_meta = file_meta(result, JPEGLSLossless, origin.product.version)
    return result


def _identify(result: Dataset, grey: Grey, origin: Origin, form: _Form) -> None:
    source, scale = origin.source, origin.card.scale
    outcome = digest(grey.pixels.data)
    result.SOPClassUID = form.sop_class
    result.SOPInstanceUID = origin.uid(form.name, text(source, "SOPInstanceUID"), outcome)
    result.SeriesInstanceUID = origin.uid(f"{form.name}-series", text(source, "SeriesInstanceUID"))
    result.SeriesNumber = form.series_number
    result.SeriesDescription = f"AI super-resolution x{scale} RESEARCH"
    result.InstanceNumber = instance_number(source)
    result.ImageType = ["DERIVED", "SECONDARY", "", f"SUPERRES_X{scale}"]
