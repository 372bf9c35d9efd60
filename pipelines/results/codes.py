"""Codes of PS3.16, and our own few."""

from dataclasses import dataclass
from typing import Self

from pydicom import Dataset

from pipelines.mammogram.attributes import items, text
from pipelines.results.legal import legal

PRIVATE_SCHEME = "99SENOSCOPE"
PRIVATE_SCHEME_NAME = "Senoscope private codes"


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


def dcm(value: str, meaning: str) -> Code:
    """Return a code of the DICOM Controlled Terminology."""
    return Code(value, "DCM", meaning)


def item_of(code: Code) -> Dataset:
    """Return the code sequence item for `code`."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme
    item.CodeMeaning = code.meaning
    return item


def mammographic_view(image: Dataset) -> Code | None:
    """Return the view of a mammogram (PS3.16 CID 4014), None where it states none of these.

    It is that of its View Code Sequence; where there is none, View Position says it in a word.
    """
    for item in items(image, "ViewCodeSequence"):
        code = Code.of(item)
        value = code and MODERN_VIEWS.get(code.value, code.value)
        return VIEWS.get(value or "")
    return VIEWS.get(POSITIONS.get(text(image, "ViewPosition").upper(), ""))


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

VIEWS = {
    code.value: code
    for code in (
        Code("399260004", "SCT", "medio-lateral"),
        Code("399352003", "SCT", "latero-medial"),
        Code("399368009", "SCT", "medio-lateral oblique"),
        Code("399099002", "SCT", "latero-medial oblique"),
        Code("399162004", "SCT", "cranio-caudal"),
        Code("399196006", "SCT", "caudo-cranial (from below)"),
        Code("399188001", "SCT", "superolateral to inferomedial oblique"),
    )
}
MODERN_VIEWS = {
    "R-10224": "399260004",
    "R-10228": "399352003",
    "R-10226": "399368009",
    "R-10230": "399099002",
    "R-10242": "399162004",
    "R-10244": "399196006",
    "R-102D0": "399188001",
}
"""What SRT and SNM3 called them until 2019."""
POSITIONS = {
    "CC": "399162004",
    "FB": "399196006",
    "LM": "399352003",
    "LMO": "399099002",
    "ML": "399260004",
    "MLO": "399368009",
    "SIO": "399188001",
}
"""The words of View Position (ACR MQCM 1999, as in CID 4014)."""
