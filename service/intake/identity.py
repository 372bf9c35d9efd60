"""Whose a received object is, and which view it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.uid import UID

from pipelines.mammogram.circumstances import MOST_MAGNIFICATION
from pipelines.results.views import SIDES, VIEWS
from service.errors import BadObjectError
from service.intake.source import File
from service.intake.statuses import MismatchError
from service.intake.structure import TagPath, read_values
from service.ledger.uids import is_uid
from service.ledger.views import IMPLANT, MAGNIFIED, PARTIAL, SPECIAL, View, word_of

SOP_CLASS_UID = (0x00080016,)
SOP_INSTANCE_UID = (0x00080018,)
STUDY_INSTANCE_UID = (0x0020000D,)
SERIES_INSTANCE_UID = (0x0020000E,)
VIEW_POSITION = (0x00185101,)
VIEW_CODE = (0x00540220, 0x00080100)
MODIFIERS = (
    (0x00540220, 0x00540222, 0x00080100),  # in the view's item, where they belong
    (0x00540222, 0x00080100),  # beside it, where some write them
)
MAGNIFICATION = (0x00181114,)
IMPLANT_PRESENT = (0x00281300,)
PARTIAL_VIEW = (0x00281350,)
LATERALITIES = (
    (0x00200062,),  # Image Laterality
    (0x52009229, 0x00209071, 0x00209072),  # shared Frame Laterality, of tomosynthesis
    (0x00200060,),  # Laterality, of the series
)

VIEW_OF_CODE = {
    code: word for word, term in VIEWS.items() for code in (term.sct, term.srt, *term.older)
}
"""The short words of PS3.3 C.8.11.7.1 for the codes of PS3.16 CID 4014, of whatever age."""

_WANTED = (
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    SERIES_INSTANCE_UID,
    VIEW_POSITION,
    VIEW_CODE,
    *MODIFIERS,
    MAGNIFICATION,
    IMPLANT_PRESENT,
    PARTIAL_VIEW,
    *LATERALITIES,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a data set says of itself."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    view: str
    """Such as ``RMLO`` or ``RCC+ID``; empty where laterality or view is unknown."""


def identify(file: File, size: int, transfer_syntax: UID) -> Identity:
    """Return the identity of the data set that `file` stands at, having checked it to its end.

    Raises:
        MismatchError: if a UID is missing that every composite object has.
        BadObjectError: if a UID is none, or the data set does not hold together.
    """
    found = read_values(file, size, transfer_syntax, _WANTED, several=MODIFIERS)
    return Identity(
        sop_class_uid=_uid(found, "SOP Class UID", SOP_CLASS_UID),
        sop_instance_uid=_uid(found, "SOP Instance UID", SOP_INSTANCE_UID),
        study_instance_uid=_uid(found, "Study Instance UID", STUDY_INSTANCE_UID),
        series_instance_uid=_uid(found, "Series Instance UID", SERIES_INSTANCE_UID),
        view=view_of(found),
    )


def view_of(found: Mapping[TagPath, str]) -> str:
    """Return laterality and view in one word, or nothing."""
    side = next((found[path] for path in LATERALITIES if found.get(path)), "")
    position = _position(found)
    return word_of(View(side, position, _special(found))) if side in SIDES and position else ""


def _position(found: Mapping[TagPath, str]) -> str:
    word = found.get(VIEW_POSITION, "").upper()
    if word.startswith(SIDES) and word[1:] in VIEWS:
        return word[1:]  # some write the side before it
    return word or VIEW_OF_CODE.get(found.get(VIEW_CODE, ""), "")


def _special(found: Mapping[TagPath, str]) -> frozenset[str]:
    codes = {code for path in MODIFIERS for code in found.get(path, "").split("\\")}
    special = {SPECIAL[code] for code in codes if code in SPECIAL}
    if _number(found.get(MAGNIFICATION, "")) > MOST_MAGNIFICATION:
        special.add(MAGNIFIED)
    if found.get(IMPLANT_PRESENT) == "YES":
        special.add(IMPLANT)
    if found.get(PARTIAL_VIEW) == "YES":
        special.add(PARTIAL)
    return frozenset(special)


def _number(text: str) -> float:
    """Return `text` as a number; what is none is no magnification."""
    try:
        return float(text)
    except ValueError:
        return 1.0


def _uid(found: Mapping[TagPath, str], name: str, path: TagPath) -> str:
    uid = found.get(path, "")
    if not uid:
        raise MismatchError(f"{name} is missing")
    if not is_uid(uid):
        raise BadObjectError(f"{name} is no UID (PS3.5 9.1)")
    return uid
