"""Phantoms as Digital Mammography X-Ray objects, one view or a study of four."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from pydicom import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
)

from pipelines.phantom.anatomy import FIELD_HEIGHT
from pipelines.phantom.objects import blank_object, code, item
from pipelines.phantom.pixels import VIEWS, Phantom, View, phantom
from pipelines.phantom.raster import Floats
from pipelines.phantom.storage import Storage, store

Intent = Literal["FOR PRESENTATION", "FOR PROCESSING"]
Voi = Literal["LINEAR", "SIGMOID", "LUT"]

_SOP_CLASSES = {
    "FOR PRESENTATION": DigitalMammographyXRayImageStorageForPresentation,
    "FOR PROCESSING": DigitalMammographyXRayImageStorageForProcessing,
}
# Rows run to the patient's first direction, columns to the second (PS3.3 C.7.6.1.1.1).
_ORIENTATIONS = {
    "LCC": ["A", "R"],
    "RCC": ["P", "L"],
    "LMLO": ["A", "FR"],
    "RMLO": ["P", "FL"],
}
_VIEW_CODES = {
    "CC": ("399162004", "cranio-caudal"),
    "MLO": ("399368009", "medio-lateral oblique"),
}
_COLLIMATED_SHARE = 0.03
_AIR = 0.04
_LUT_BITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How a mammogram is taken and stored; the same seed is the same woman in the same study.

    `collimated` leaves a black frame around a field in which air is not quite black. `voi` is how
    the object says that it is to be windowed; objects For Processing do not.
    """

    rows: int = 512
    columns: int = 416
    seed: int = 1
    intent: Intent = "FOR PRESENTATION"
    voi: Voi = "LINEAR"
    collimated: bool = False
    instance_number: int = 1
    storage: Storage = field(default_factory=Storage)


_USUAL = Exposure()


def mammogram(view: View = "LCC", exposure: Exposure = _USUAL) -> Dataset:
    """Return a mammogram as a modality would send it, file meta information included.

    Raises:
        ValueError: no such view, too small, or the transfer syntax cannot hold the pixels.
    """
    truth = phantom(view, exposure.rows, exposure.columns, exposure.seed)
    return mammogram_of(truth, view, exposure)


def mammogram_of(truth: Phantom, view: View, exposure: Exposure) -> Dataset:
    """Return the object that holds the picture `truth`, taken in `view` as `exposure` says."""
    sop_class = _SOP_CLASSES[exposure.intent]
    series = (view, replace(exposure, instance_number=0))
    image = blank_object(sop_class, "MG", exposure.seed, series, exposure.instance_number)
    image.SeriesNumber, image.SeriesDescription = VIEWS.index(view) + 1, f"{view[0]} {view[1:]}"
    _add_acquisition(image, exposure)
    _add_view(image, view)
    _add_grey_scale(image, exposure)
    store(image, _exposed(truth, exposure), truth.breast, exposure.storage)
    return image


def study(exposure: Exposure = _USUAL) -> list[Dataset]:
    """Return the four views of one woman, one study and a series each: RCC, LCC, RMLO, LMLO."""
    return [mammogram(view, exposure) for view in VIEWS]


def view_code(view: View) -> Dataset:
    """Return the item that says from which side the breast was taken, without modifiers."""
    coded = code(*_VIEW_CODES[view[1:]])
    coded.ViewModifierCodeSequence = []
    return coded


def _exposed(truth: Phantom, exposure: Exposure) -> Floats:
    """Return the pixels as the detector or its processing would give them, 0 is black."""
    pixels = truth.pixels
    if exposure.collimated:
        pixels = _collimated(pixels)
    if exposure.intent == "FOR PROCESSING":
        pixels = np.float32(1) - np.float32(0.95) * np.exp(np.float32(-3) * pixels)
    return pixels


def _collimated(pixels: Floats) -> Floats:
    frame = max(1, round(_COLLIMATED_SHARE * min(pixels.shape)))
    inner = (slice(frame, -frame), slice(frame, -frame))
    framed = np.zeros_like(pixels)
    framed[inner] = np.maximum(pixels[inner], np.float32(_AIR))
    return framed


def _add_acquisition(image: Dataset, exposure: Exposure) -> None:
    processed = exposure.intent == "FOR PRESENTATION"
    image.ImageType = ["DERIVED" if processed else "ORIGINAL", "PRIMARY", ""]
    image.PresentationIntentType = exposure.intent
    image.BodyPartExamined = image.OrganExposed = "BREAST"
    image.AnatomicRegionSequence = [code("76752008", "Breast")]
    image.AcquisitionContextSequence = []
    image.KVP, image.ExposureTime, image.XRayTubeCurrent, image.Exposure = "29", 900, 100, 90
    image.AnodeTargetMaterial, image.FilterMaterial = "TUNGSTEN", "RHODIUM"
    image.CompressionForce, image.BodyPartThickness = "90", "52"
    image.DistanceSourceToDetector, image.DistanceSourceToPatient = "660", "640"
    image.EstimatedRadiographicMagnificationFactor = "1.03125"
    spacing = f"{FIELD_HEIGHT / exposure.rows:.6g}"
    image.ImagerPixelSpacing = image.DetectorElementSpacing = [spacing, spacing]
    image.DetectorType, image.DetectorID = "DIRECT", "PHANTOM"
    image.FieldOfViewShape = "RECTANGLE"
    width = round(FIELD_HEIGHT * exposure.columns / exposure.rows)
    image.FieldOfViewDimensions = [round(FIELD_HEIGHT), width]
    image.OrganDose = "0.015"
    image.BreastImplantPresent = image.PartialView = "NO"
    image.QualityControlImage = image.BurnedInAnnotation = "NO"
    image.LossyImageCompression = "00"


def _add_view(image: Dataset, view: View) -> None:
    side, position = view[0], view[1:]
    image.ImageLaterality, image.ViewPosition = side, position
    image.PatientOrientation = _ORIENTATIONS[view]
    image.PositionerType = "MAMMOGRAPHIC"
    oblique = "45" if side == "L" else "-45"
    image.PositionerPrimaryAngle = oblique if position == "MLO" else "0"
    image.ViewCodeSequence = [view_code(view)]


def _add_grey_scale(image: Dataset, exposure: Exposure) -> None:
    storage = exposure.storage
    inverse = storage.photometric == "MONOCHROME1"
    raw = exposure.intent == "FOR PROCESSING"
    image.PixelIntensityRelationship = "LIN" if raw else "LOG"
    image.PixelIntensityRelationshipSign = 1 if inverse else -1
    image.RescaleIntercept, image.RescaleSlope = str(storage.offset), "1"
    image.RescaleType = "US"
    image.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    if not raw:
        _add_voi(image, exposure)


def _add_voi(image: Dataset, exposure: Exposure) -> None:
    if exposure.voi == "LUT":
        image.VOILUTSequence = [_voi_lut(exposure.storage)]
        return
    white = exposure.storage.top
    image.WindowCenter = [str(round(0.5 * white)), str(round(0.5 * white))]
    image.WindowWidth = [str(round(0.9 * white)), str(round(0.6 * white))]
    image.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    if exposure.voi == "SIGMOID":
        image.VOILUTFunction = "SIGMOID"


def _voi_lut(storage: Storage) -> Dataset:
    """Return an S-shaped table from every stored level to 12 bits."""
    levels = np.linspace(-3.5, 3.5, storage.top + 1)
    table = np.rint(((1 << _LUT_BITS) - 1) / (1 + np.exp(-levels))).astype("<u2")
    entries = len(table) % (1 << 16)  # 65536 entries are written as 0
    lut = item(LUTExplanation="NORMAL")
    lut.add_new("LUTDescriptor", "US", [entries, 0, _LUT_BITS])
    lut.add_new("LUTData", "OW", table.tobytes())
    return lut
