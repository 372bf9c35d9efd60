"""What every phantom object says of itself: who, when, by which device. Nobody and nothing real."""

from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid5

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

IMPLEMENTATION_VERSION_NAME = "PHANTOM"
_DATE = "20260102"
_TIME = "101500"


def phantom_uid(*parts: object) -> UID:
    """Return the same UID for the same parts, from a name-based UUID (PS3.5 B.2)."""
    return UID(
        f"2.25.{uuid5(NAMESPACE_OID, '/'.join(['senoscope-phantom', *map(str, parts)])).int}"
    )


def item(**attributes: object) -> Dataset:
    """Return an item of a sequence with these attributes."""
    result = Dataset()
    for keyword, value in attributes.items():
        setattr(result, keyword, value)
    return result


def code(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    """Return an item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def blank_object(
    sop_class_uid: UID, modality: str, seed: int, series: Sequence[object], instance: int
) -> Dataset:
    """Return an object without pixels: patient, study, series and equipment of the phantom `seed`.

    `series` is what tells this series from the study's others, and its pictures from any other's.
    """
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID = sop_class_uid
    image.SOPInstanceUID = phantom_uid("instance", seed, sop_class_uid, *series, instance)
    _add_patient_and_study(image, seed)
    image.Modality = modality
    image.SeriesInstanceUID = phantom_uid("series", seed, sop_class_uid, *series)
    image.SeriesNumber, image.InstanceNumber = 1, instance
    _add_equipment(image)
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = sop_class_uid
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.ImplementationClassUID = phantom_uid("implementation")
    image.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return image


def _add_patient_and_study(image: Dataset, seed: int) -> None:
    image.PatientName, image.PatientID = f"PHANTOM^NUMBER {seed}", f"PHANTOM-{seed}"
    image.PatientBirthDate, image.PatientSex, image.PatientAge = "19700101", "F", "056Y"
    image.StudyInstanceUID = phantom_uid("study", seed)
    image.StudyID, image.AccessionNumber = str(seed % 10**6), f"PH{seed % 10**12}"
    image.StudyDescription = "Synthetic phantom, no patient"
    image.ReferringPhysicianName = ""
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = _DATE
    image.StudyTime = image.SeriesTime = image.AcquisitionTime = image.ContentTime = _TIME


def _add_equipment(image: Dataset) -> None:
    image.Manufacturer, image.ManufacturerModelName = "Phantom maker", "Phantom"
    image.InstitutionName, image.StationName = "No hospital", "PHANTOM1"
    image.DeviceSerialNumber, image.SoftwareVersions = "0", "1"
