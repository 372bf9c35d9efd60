"""Values taken over from a source, only where they are legal: what we send must be clean."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from pydicom import Dataset
from pydicom.config import RAISE
from pydicom.datadict import dictionary_VR
from pydicom.uid import UID
from pydicom.valuerep import validate_value

from pipelines.mammogram.attributes import integer, text, values

UNICODE = "ISO_IR 192"

PATTERNS: Mapping[str, str] = {
    "ImageLaterality": r"[LRBU]",
    "Laterality": r"[LR]",
    "LossyImageCompression": r"0[01]",
    "PatientSex": r"[MFO]",
    "PatientSize": r"[^eE]*[1-9].*",  # 0 means that nobody has measured
    "PatientWeight": r"[^eE]*[1-9].*",
    "PixelSpacingCalibrationType": r"GEOMETRY|FIDUCIAL",
    "TimezoneOffsetFromUTC": r"[+-](0\d|1[0-4])[0-5]\d",
}
"""What their enumerations and definitions in PS3.3 allow."""

VR_PATTERNS: Mapping[str, str] = {
    "DA": r"(1[89]|2\d)\d{6}",
    "DS": r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?",
    "TM": r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?",
}
"""Where pydicom lets pass more than PS3.5 6.2 allows."""

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

IDENTITY = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
"""What results refer to."""

SHORTENED = frozenset(
    {"InstitutionName", "Manufacturer", "ManufacturerModelName", "StudyDescription"}
)
"""Free text: its beginning says enough. What identifies is left out instead, if it is too long."""

MULTIVALUED = frozenset({"SoftwareVersions"})
"""Of these the first is taken."""

LONGEST: Mapping[str, int] = {"SH": 16, "LO": 64, "PN": 64}
"""In bytes, as some readers count: so it is never more than as many characters (PS3.5 6.2)."""

PERSON_NAME_COMPONENTS = 5
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
DECIMAL_STRING_LENGTH = 16


def legal(source: Dataset, keyword: str) -> str:
    """Return the value as text if its VR and its enumeration allow it, else nothing.

    Several values where one belongs are nothing too: half of a Patient ID is another patient's.
    """
    if len(values(source, keyword)) > 1 and keyword not in MULTIVALUED:
        return ""
    value = text(source, keyword)
    if keyword in SHORTENED:
        value = shortened(value)
    if dictionary_VR(keyword) == "PN":
        value = value.rstrip("=")  # groups that are empty may be left off (PS3.5 6.2.1)
    return value if value and _is_legal(keyword, value) else ""


def shortened(value: str) -> str:
    """Return as much of free text as an LO holds, without what it may not hold."""
    clean = FORBIDDEN.sub(" ", value).encode(errors="ignore")
    return clean[: LONGEST["LO"]].decode(errors="ignore").strip()


def carry(source: Dataset, result: Dataset, *keywords: str) -> None:
    """Take over those values that are legal."""
    for keyword in keywords:
        found = legal(source, keyword)
        if found:
            setattr(result, keyword, found)


def is_identified(source: Dataset) -> bool:
    """Return whether a result can refer to the UIDs of `source` and bear its Patient ID."""
    found = [values(source, keyword) for keyword in IDENTITY]
    has_uids = all(len(one) == 1 and _is_uid(str(one[0])) for one in found)
    return has_uids and legal(source, "PatientID") == text(source, "PatientID")


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


def instance_number(source: Dataset) -> int:
    """Return the Instance Number of the source, 1 where it has none (IS is of 32 bits)."""
    number = integer(source, "InstanceNumber")
    return number if number is not None and -(1 << 31) <= number < 1 << 31 else 1


def patient_orientation(source: Dataset) -> tuple[str, str] | None:
    """Return both directions of Patient Orientation, None unless legal (C.7.6.1.1.1)."""
    match [str(value).strip() for value in values(source, "PatientOrientation")]:
        case [row, column] if _is_direction(row) and _is_direction(column):
            return row, column
    return None


def decimal_string(value: float) -> str:
    """Return the DS value with the most digits that its 16 characters hold (PS3.5 6.2)."""
    shown = (f"{value:.{digits}g}" for digits in range(15, 0, -1))
    return next(candidate for candidate in shown if len(candidate) <= DECIMAL_STRING_LENGTH)


def _is_legal(keyword: str, value: str) -> bool:
    vr = dictionary_VR(keyword)
    patterns = (PATTERNS.get(keyword), VR_PATTERNS.get(vr))
    if FORBIDDEN.search(value) or not all(re.fullmatch(p, value) for p in patterns if p):
        return False
    try:
        validate_value(vr, value, RAISE)
    except ValueError:
        return False
    return vr not in STRICTER or STRICTER[vr](value)


def _is_direction(value: str) -> bool:
    return bool(re.fullmatch(r"[APRLHF]{1,3}", value)) and len(set(value)) == len(value)


def _is_uid(value: str) -> bool:
    return bool(re.match(r"[12]\.", value)) and UID(value).is_valid


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_person_name(value: str) -> bool:
    return all(
        _is_short("PN", group) and group.count("^") < PERSON_NAME_COMPONENTS
        for group in value.split("=")
    )


def _is_short(vr: str, value: str) -> bool:
    return len(value.encode()) <= LONGEST[vr]


STRICTER: Mapping[str, Callable[[str], bool]] = {
    "DA": _is_date,
    "LO": partial(_is_short, "LO"),
    "PN": _is_person_name,
    "SH": partial(_is_short, "SH"),
}
