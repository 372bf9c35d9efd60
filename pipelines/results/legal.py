"""Values taken over from a source, only where they are legal: what we send must be clean."""

import re
from collections.abc import Mapping
from datetime import date

from pydicom import Dataset
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VR
from pydicom.uid import UID
from pydicom.valuerep import validate_value

from pipelines.mammogram.attributes import text, values

UNICODE = "ISO_IR 192"

ENUMERATED: Mapping[str, frozenset[str]] = {
    "PatientSex": frozenset("MFO"),
    "ImageLaterality": frozenset("LRBU"),
    "Laterality": frozenset("LR"),
    "PixelSpacingCalibrationType": frozenset({"GEOMETRY", "FIDUCIAL"}),
    "LossyImageCompression": frozenset({"00", "01"}),
}

TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
"""Always there, empty where unknown (PS3.3 C.7.1.1, C.7.2.1)."""

OPTIONAL = (
    "IssuerOfPatientID",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "StudyDescription",
    "TimezoneOffsetFromUTC",
)


def legal(source: Dataset, keyword: str) -> str:
    """Return the value as text if its VR and its enumeration allow it, else nothing."""
    value = text(source, keyword)
    return value if value and _is_legal(keyword, value) else ""


def carry(source: Dataset, result: Dataset, *keywords: str) -> None:
    """Take over those values that are legal."""
    for keyword in keywords:
        found = legal(source, keyword)
        if found:
            setattr(result, keyword, found)


def patient_study(source: Dataset, result: Dataset) -> None:
    """State whose result this is and to which study it belongs, in Unicode."""
    result.SpecificCharacterSet = UNICODE
    result.StudyInstanceUID = UID(text(source, "StudyInstanceUID"))
    for keyword in TYPE_2:
        setattr(result, keyword, legal(source, keyword))
    carry(source, result, *OPTIONAL)
    method = legal(source, "DeidentificationMethod")
    if text(source, "PatientIdentityRemoved") == "YES" and method:
        result.PatientIdentityRemoved, result.DeidentificationMethod = "YES", method


def patient_orientation(source: Dataset) -> list[str]:
    """Return both directions of Patient Orientation, nothing unless they are legal (C.7.6.1.1.1)."""
    found = [str(value).strip() for value in values(source, "PatientOrientation")]
    is_legal = len(found) == 2 and all(re.fullmatch(r"[APRLHF]{1,3}", value) for value in found)
    return found if is_legal else []


def decimal_string(value: float) -> str:
    """Return a DS value of at most 16 characters (PS3.5 6.2)."""
    return next(shown for digits in range(15, 0, -1) if len(shown := f"{value:.{digits}g}") <= 16)


def _is_legal(keyword: str, value: str) -> bool:
    vr = dictionary_VR(keyword)
    if any(ord(character) < 32 or character in "\\\x7f" for character in value):
        return False
    if value not in ENUMERATED.get(keyword, {value}):
        return False
    try:
        validate_value(vr, value, RAISE)
    except ValueError:
        return False
    return vr not in _FURTHER or _FURTHER[vr](value)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 8


def _is_time(value: str) -> bool:
    return bool(re.fullmatch(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?", value))


_FURTHER = {"DA": _is_date, "TM": _is_time}
