"""Simple objects of other modalities: what a node for mammography may meet beside its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

from pipelines.phantom.objects import blank_object, code, phantom_uid
from pipelines.phantom.raster import Canvas, Floats, Mask, point
from pipelines.phantom.storage import Storage, store
from pipelines.phantom.tissue import power_law_noise

Modality = Literal["DX", "CR", "CT", "MR", "SC"]

_SPACING = ["0.7", "0.7"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How large a picture is and how it is stored; the same seed gives the same picture."""

    rows: int = 256
    columns: int = 256
    seed: int = 1
    instance_number: int = 1
    storage: Storage = field(default_factory=Storage)


_USUAL = Picture()


def picture(modality: Modality, taken: Picture = _USUAL) -> Dataset:
    """Return an object of another modality: a round body with a spine, on black.

    Raises:
        ValueError: the transfer syntax cannot hold the pixels.
    """
    pixels, body = _body(taken)
    series = (modality, taken)
    sop_class = _SOP_CLASSES[modality]
    shown_as = "OT" if modality == "SC" else modality  # codespell:ignore ot
    image = blank_object(sop_class, shown_as, taken.seed, series, taken.instance_number)
    image.PatientOrientation = ["L", "F"]
    _DESCRIPTIONS[modality](image, taken)
    store(image, pixels, body, taken.storage)
    return image


def _body(taken: Picture) -> tuple[Floats, Mask]:
    """Return a body of soft tissue with a bone in it, and where it is."""
    canvas = Canvas(taken.rows, taken.columns, taken.rows / 300)
    rng = np.random.default_rng((taken.seed, 99))
    x, y = canvas.offsets_from(canvas.size * point(0.5, 0.5))
    body = np.hypot(x / (0.42 * canvas.size[0]), y / (0.38 * canvas.size[1])) < 1
    spine_x, spine_y = canvas.offsets_from(canvas.size * point(0.5, 0.7))
    bone = np.clip(18 - np.hypot(spine_x, spine_y), 0, 1)
    noise = np.float32(0.03) * power_law_noise(canvas, rng, 2.2)
    pixels = np.clip((0.4 + 0.45 * bone + noise) * body, 0, 1)
    return pixels.astype(np.float32), body


def _describe_projection(image: Dataset, taken: Picture) -> None:
    inverse = taken.storage.photometric == "MONOCHROME1"
    image.BodyPartExamined, image.KVP, image.ViewPosition = "ABDOMEN", "80", "AP"
    image.ImagerPixelSpacing = _SPACING
    image.RescaleIntercept, image.RescaleSlope = str(taken.storage.offset), "1"
    image.RescaleType = "US"
    image.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    _add_window(image, taken)


def _describe_dx(image: Dataset, taken: Picture) -> None:
    _describe_projection(image, taken)
    image.ImageType = ["DERIVED", "PRIMARY"]
    image.PresentationIntentType = "FOR PRESENTATION"
    image.ImageLaterality, image.BurnedInAnnotation = "U", "NO"
    image.LossyImageCompression = "00"
    image.PixelIntensityRelationship = "LOG"
    image.PixelIntensityRelationshipSign = -1
    image.DetectorType, image.PositionerType = "DIRECT", ""
    image.AnatomicRegionSequence = [code("818981001", "Abdomen")]
    image.AcquisitionContextSequence = []


def _describe_cr(image: Dataset, taken: Picture) -> None:
    _describe_projection(image, taken)
    image.ImageType = ["ORIGINAL", "PRIMARY"]


def _describe_slice(image: Dataset, taken: Picture) -> None:
    image.FrameOfReferenceUID = phantom_uid("frame of reference", taken.seed)
    image.PositionReferenceIndicator = ""
    image.PixelSpacing, image.SliceThickness = _SPACING, "1"
    image.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    image.ImagePositionPatient = ["-90", "-90", str(taken.instance_number)]
    image.AcquisitionNumber = 1
    image.PatientPosition, image.Laterality = "HFS", ""
    _add_window(image, taken)


def _describe_ct(image: Dataset, taken: Picture) -> None:
    _describe_slice(image, taken)
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.KVP = "120"
    # Air, which is black, is -1024 Hounsfield units.
    image.RescaleIntercept, image.RescaleSlope = str(taken.storage.offset - 1024), "1"
    image.RescaleType = "HU"
    image.WindowCenter = str(taken.storage.top // 2 - 1024)


def _describe_mr(image: Dataset, taken: Picture) -> None:
    _describe_slice(image, taken)
    image.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    image.ScanningSequence, image.SequenceVariant = "SE", "NONE"
    image.ScanOptions, image.MRAcquisitionType = "", "2D"
    image.RepetitionTime, image.EchoTime, image.EchoTrainLength = "500", "15", 1
    image.MagneticFieldStrength = "1.5"
    image.WindowCenter = str(taken.storage.top // 2 - taken.storage.offset)


def _describe_secondary_capture(image: Dataset, _taken: Picture) -> None:
    image.ConversionType = "WSD"
    image.ImageType = ["DERIVED", "SECONDARY"]
    image.Laterality = ""


def _add_window(image: Dataset, taken: Picture) -> None:
    image.WindowCenter, image.WindowWidth = str(taken.storage.top // 2), str(taken.storage.top)


_SOP_CLASSES: Mapping[Modality, UID] = {
    "DX": DigitalXRayImageStorageForPresentation,
    "CR": ComputedRadiographyImageStorage,
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "SC": SecondaryCaptureImageStorage,
}
_DESCRIPTIONS: Mapping[Modality, Callable[[Dataset, Picture], None]] = {
    "DX": _describe_dx,
    "CR": _describe_cr,
    "CT": _describe_ct,
    "MR": _describe_mr,
    "SC": _describe_secondary_capture,
}
