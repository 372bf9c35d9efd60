"""Codes of PS3.16, and our own few."""

from dataclasses import dataclass
from typing import Self

from pydicom import Dataset

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


def private_scheme() -> Dataset:
    """Return the item that identifies our own coding scheme."""
    item = Dataset()
    item.CodingSchemeDesignator = PRIVATE_SCHEME
    item.CodingSchemeName = PRIVATE_SCHEME_NAME
    item.CodingSchemeResponsibleOrganization = "Senoscope Project"
    return item


ACQUISITION_EQUIPMENT = dcm("109101", "Acquisition Equipment")
PROCESSING_EQUIPMENT = dcm("109102", "Processing Equipment")
SOURCE_IMAGE = dcm("121322", "Source image for image processing operation")
SPATIAL_RESAMPLING = dcm("113085", "Spatial resampling")
