"""Studies to make samples of: alike in nothing that a result may take over, rich and poor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import cv2
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import UID

from pipelines.phantom import Exposure, Picture, Storage, View, mammogram, phantom, picture
from pipelines.pipeline import Product
from pipelines.results.derived_mammogram import MANDATORY

ROWS, COLUMNS = 256, 208


@dataclass(frozen=True, eq=False)
class Case:
    """Images of one study, and the installation that makes results of them."""

    name: str
    images: Sequence[Dataset]
    product: Product
    site_key: bytes
    made_at: datetime
    version: str
    """Of the models."""
    probability: float
    """That they answer."""


RICH: dict[str, object] = {
    "PatientAge": "056Y",
    "PatientSize": "1.7",
    "PatientWeight": "65",
    "PatientSex": "F",
    "IssuerOfPatientID": "HOSPITAL",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "A phantom has no identity",
    "TimezoneOffsetFromUTC": "+0100",
    "ReferringPhysicianName": "Somebody^A",
    "PixelPaddingRangeLimit": 1,
    "PixelSpacing": ["0.9", "0.9"],
    "PixelSpacingCalibrationType": "GEOMETRY",
    "PixelSpacingCalibrationDescription": "Half way up the breast",
    "PartialViewDescription": "all but the axilla",
    "PartialView": "YES",
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": "10",
    "RescaleIntercept": "-5",
    "RescaleSlope": "2",
    "LossyImageCompressionMethod": "ISO_14495_1",
}
OTHER: dict[str, object] = {
    "PatientAge": "043Y",
    "PatientSize": "1.6",
    "PatientWeight": "55",
    "PatientSex": "O",
    "PatientName": "OTHER^NUMBER 2",
    "PatientBirthDate": "19830203",
    "IssuerOfPatientID": "CLINIC",
    "DeidentificationMethod": "There is nobody",
    "TimezoneOffsetFromUTC": "-0500",
    "ReferringPhysicianName": "Somebody^B",
    "StudyDescription": "Another phantom",
    "StudyDate": "20260305",
    "StudyTime": "081500",
    "AcquisitionDate": "20260306",
    "AcquisitionTime": "091500",
    "ContentDate": "20260307",
    "ContentTime": "091700",
    "BodyPartExamined": "AXILLA",
    "InstanceNumber": 7,
    "Manufacturer": "Another maker",
    "ManufacturerModelName": "Another",
    "InstitutionName": "Another hospital",
    "StationName": "PHANTOM2",
    "DeviceSerialNumber": "7",
    "SoftwareVersions": "8",
    "PixelSpacing": ["0.7", "0.7"],
    "ImagerPixelSpacing": ["0.8", "0.8"],
    "PixelSpacingCalibrationType": "FIDUCIAL",
    "PixelSpacingCalibrationDescription": "Beside the breast",
    "PartialView": "NO",
    "PartialViewDescription": "none of the axilla",
    "PixelIntensityRelationship": "LIN",
    "PixelIntensityRelationshipSign": -1,
    "PositionerType": "NONE",
    "PositionerPrimaryAngle": "30",
    "BreastImplantPresent": "YES",
    "DetectorType": "SCINTILLATOR",
    "QualityControlImage": "YES",
    "BodyPartThickness": "40",
    "CompressionForce": "80",
    "DistanceSourceToDetector": "650",
    "DistanceSourceToPatient": "630",
    "EstimatedRadiographicMagnificationFactor": "1.031746",
    "BurnedInAnnotation": "YES",
    "PatientIdentityRemoved": "YES",
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": "12",
    "LossyImageCompressionMethod": "ISO_15444_1",
}
ELSEWHERE = "elsewhere"
"""The case that is no mammography."""
IDENTITY = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "Modality")
PIXELS = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
)
LEAN = (
    *("PresentationIntentType", "ImageLaterality", "ViewCodeSequence", "PatientOrientation"),
    *("ImagerPixelSpacing", "PixelIntensityRelationshipSign", "InstanceNumber", "Manufacturer"),
    *MANDATORY,
)
"""What a mammogram For Presentation cannot be derived without."""


def cases() -> list[Case]:
    """Return studies: rich, rich in other words, lean, bare, and one that is no mammography."""
    padded, other = Storage(padding=True), Storage(bits_stored=14, photometric="MONOCHROME1")
    exposed = Exposure(rows=ROWS, columns=COLUMNS, voi="SIGMOID", storage=padded)
    tabled = Exposure(rows=300, columns=240, seed=2, voi="LUT", storage=other)
    lean, bare = (Exposure(rows=ROWS, columns=COLUMNS, seed=seed) for seed in (3, 4))
    kept = [*IDENTITY, *PIXELS]
    return [
        _case("rich", [_said(one, RICH) for one in _images("L", exposed)], 1),
        _case("other", [_tabled(_said(one, OTHER)) for one in _images("R", tabled)], 2),
        _case("lean", [_only([*kept, *LEAN], one) for one in _images("L", lean)], 3),
        _case("bare", [_only(kept, one) for one in _images("R", bare)], 4),
        _case(ELSEWHERE, [picture("CT", Picture(rows=128, columns=128, seed=5))], 5),
    ]


def broken(image: Dataset) -> Dataset:
    """Return `image` with half of its pixels."""
    spoilt = _reread(image)
    spoilt.PixelData = spoilt.PixelData[: len(spoilt.PixelData) // 4 * 2]
    return spoilt


def _case(name: str, images: Sequence[Dataset], number: int) -> Case:
    return Case(
        name=name,
        images=[_reread(image) for image in images],
        product=Product(f"0.0.{number}", f"SERIAL-{number}", f"NODE{number}"),
        site_key=f"key {number}".encode(),
        made_at=datetime(2026, 10 + number % 2, number, number, number, number, tzinfo=UTC),
        version=str(number),
        probability=(0.9, 0.4, 0.7, 0.8, 0.6)[number - 1],
    )


def _images(side: str, exposure: Exposure) -> list[Dataset]:
    return [_with_mass(side, position, exposure) for position in ("CC", "MLO")]


def _with_mass(side: str, position: str, exposure: Exposure) -> Dataset:
    """Return a mammogram whose mass is brighter than anything else."""
    view: View = f"{side}{position}"  # type: ignore[assignment]
    image = mammogram(view, exposure)
    image.ViewCodeSequence[0].ViewModifierCodeSequence = [_modifier()] if side == "R" else []
    truth = phantom(view, exposure.rows, exposure.columns, exposure.seed)
    stored = np.frombuffer(image.PixelData, "<u2").reshape(truth.pixels.shape).copy()
    outline = np.rint(truth.mass.outline[:, ::-1]).astype(np.int32)
    white = 0 if exposure.storage.photometric == "MONOCHROME1" else exposure.storage.top
    image.PixelData = cv2.fillPoly(stored, [outline], white).tobytes()
    return image


def _modifier() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "399161006", "SCT"
    item.CodeMeaning = "Cleavage"
    return item


def _said(image: Dataset, attributes: dict[str, object]) -> Dataset:
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    image.ContributingEquipmentSequence = [_earlier(image)]
    return image


def _tabled(image: Dataset) -> Dataset:
    """Return `image` with a modality LUT that says what its rescaling said."""
    item, entries = Dataset(), np.arange(1 << image.BitsStored, dtype="<u2")
    item.add_new("LUTDescriptor", "US", [len(entries), 0, image.BitsStored])
    item.add_new("LUTData", "OW", entries.tobytes())
    item.ModalityLUTType, item.LUTExplanation = "OD", "as exposed"
    image.ModalityLUTSequence = [item]
    del image.RescaleIntercept, image.RescaleSlope, image.RescaleType
    return image


def _earlier(image: Dataset) -> Dataset:
    """Return what another system contributed before."""
    item, purpose = Dataset(), Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109103", "DCM"
    purpose.CodeMeaning = "Modifying Equipment"
    item.PurposeOfReferenceCodeSequence = [purpose]
    item.Manufacturer = f"Before {image.Manufacturer}"
    return item


def _only(keywords: Iterable[str], image: Dataset) -> Dataset:
    kept = set(keywords)
    for element in list(image):
        if element.keyword not in kept:
            del image[element.tag]
    return image


def _reread(image: Dataset) -> Dataset:
    file = BytesIO()
    image.file_meta.MediaStorageSOPInstanceUID = UID(image.SOPInstanceUID)
    image.save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()))
