"""Codes of PS3.16, and our own few."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from pydicom import Dataset

from engines.card import Label
from pipelines.kinds import Kind
from pipelines.mammogram.attributes import items, text
from pipelines.mammogram.view import SNOMED
from pipelines.results.legal import legal

PRIVATE_SCHEME = "99SENOSCOPE"
PRIVATE_SCHEME_NAME = "Senoscope private codes"
LONGEST_VALUE, LONGEST_MEANING = 16, 64
"""Characters of a Code Value (SH) and of a Code Meaning (LO)."""
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8)."""

    value: str
    scheme: str
    meaning: str

    @classmethod
    def of(cls, item: Dataset) -> Self | None:
        """Return the code of a code sequence item, None when it is incomplete."""
        value, scheme, meaning = (
            legal(item, keyword)
            for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
        )
        return cls(value, scheme, meaning) if value and scheme and meaning else None


@dataclass(frozen=True, slots=True)
class Term:
    """A concept as SNOMED CT (SCT) codes it, as SNOMED RT (SRT) did, and as others had it before.

    Workstations from before 2019 know only the old codes.
    """

    sct: str
    srt: str
    meaning: str
    older: tuple[str, ...] = ()

    @property
    def present(self) -> Code:
        """Its code of today."""
        return Code(self.sct, "SCT", self.meaning)

    def code(self, form: Kind) -> Code:
        """Return its code as that form of the CAD report has it."""
        return Code(self.srt, "SRT", self.meaning) if form is Kind.CAD_SR_SRT else self.present


def dcm(value: str, meaning: str) -> Code:
    """Return a code of the DICOM Controlled Terminology."""
    return Code(value, "DCM", meaning)


def item_of(code: Code) -> Dataset:
    """Return the code sequence item for `code`."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme
    item.CodeMeaning = code.meaning
    return item


def stated(image: Dataset, keyword: str, terms: Iterable[Term]) -> list[tuple[Term, Dataset]]:
    """Return those of `terms` that a code sequence states, of whatever age, each with its item."""
    by_value = {value: term for term in terms for value in (term.sct, term.srt, *term.older)}
    return [
        (by_value[value], item)
        for item in items(image, keyword)
        if text(item, "CodingSchemeDesignator") in SNOMED
        and (value := text(item, "CodeValue")) in by_value
    ]


def code_of(label: Label) -> Code:
    """Return the code of `label`: the one of its card, else one of our own."""
    if label.code is not None:
        return Code(label.code.value, label.code.scheme, label.code.meaning)
    value = label.name.upper().replace(" ", "_")
    if len(value) > LONGEST_VALUE:  # two may begin alike
        digest = hashlib.sha256(value.encode()).hexdigest()[:DIGITS].upper()
        value = f"{value[: LONGEST_VALUE - DIGITS - 1]}_{digest}"
    return Code(value, PRIVATE_SCHEME, label.name[:LONGEST_MEANING])


def private_scheme() -> Dataset:
    """Return the item that identifies our own coding scheme."""
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE_SCHEME
    item.CodingSchemeName = PRIVATE_SCHEME_NAME
    item.CodingSchemeResponsibleOrganization = "Senoscope Project"
    return item


ACQUISITION_EQUIPMENT = dcm("109101", "Acquisition Equipment")
PROCESSING_EQUIPMENT = dcm("109102", "Processing Equipment")
PERCENT = Code("%", "UCUM", "Percent")
SOURCE_IMAGE = dcm("121322", "Source image for image processing operation")
SPATIAL_RESAMPLING = dcm("113085", "Spatial resampling")
BREAST = Code("76752008", "SCT", "Breast")
MASS = Code("4147007", "SCT", "Mass")
LEFT_OR_RIGHT = {
    "L": Code("7771000", "SCT", "Left"),
    "R": Code("24028007", "SCT", "Right"),
    "B": Code("51440002", "SCT", "Right and left"),
    "U": Code("66459002", "SCT", "Unilateral"),
}
"""CID 244."""
