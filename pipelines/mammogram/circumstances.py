"""What is unusual about a mammogram, as far as its header says."""

from pydicom import Dataset

from pipelines.mammogram.attributes import items, number, text, values
from pipelines.mammogram.view import (
    IMPLANT_DISPLACED,
    MAGNIFICATION,
    SNOMED,
    SPOT_COMPRESSION,
    modifier_codes,
)

BREAST_CODES = frozenset({"76752008", "T-04000"})
"""What SNOMED calls it now, and what SRT and SNM3 called it."""

RADIOGRAPHY = frozenset({"CR", "DX", "HC", "OT", "RG", ""})
"""Modalities that films of the breast are filed under, if not as mammography."""

MOST_MAGNIFICATION = 1.25
"""Of Estimated Radiographic Magnification Factor. A breast on the detector has up to about 1.1, one
on a magnification stand 1.5 and more: this lies between."""

BIOPSY = frozenset(
    {
        "STEREO",  # of Siemens, where the next value is LEFT or RIGHT
        "STEREO_SCOUT",
        "STEREO_MINUS",
        "STEREO_PLUS",
        "TOMO_SCOUT",
        "PREFIRE",
        "PREFIRE_MINUS",
        "PREFIRE_PLUS",
        "POSTFIRE",
        "POSTFIRE_MINUS",
        "POSTFIRE_PLUS",
        "POSTBIOPSY",
        "POSTBIOPSY_MINUS",
        "POSTBIOPSY_PLUS",
        "POSTMARKER",
        "POSTMARKER_MINUS",
        "POSTMARKER_PLUS",
    }
)
"""Value 3 of Image Type, PS3.3 Tables C.8-74a and b."""

CONTRAST_ALONE = frozenset({"ADDITION", "SUBTRACTION", "HIGH_ENERGY"})
"""Values 4 and 5 of Image Type, PS3.3 Tables C.8-74d and e."""

ACQUIRED = 2
"""Where in Image Type the acquisition is described, after the pixels and the examination."""


def is_mammography(header: Dataset) -> bool:
    """Return whether it says that it is an X-ray image of the breast."""
    modality = text(header, "Modality")
    return modality == "MG" or (modality in RADIOGRAPHY and _is_of_breast(header))


def is_with_implant(header: Dataset) -> bool:
    """Return whether the breast has an implant, displaced or not (PS3.3 C.8.11.7)."""
    is_stated = text(header, "BreastImplantPresent") == "YES"
    return is_stated or bool(modifier_codes(header) & IMPLANT_DISPLACED)


def is_magnified(header: Dataset) -> bool:
    """Return whether it is a magnification view, by its modifier or its factor."""
    factor = number(header, "EstimatedRadiographicMagnificationFactor") or 1
    return factor > MOST_MAGNIFICATION or bool(modifier_codes(header) & MAGNIFICATION)


def is_spot(header: Dataset) -> bool:
    """Return whether a small paddle pressed on one spot."""
    return bool(modifier_codes(header) & SPOT_COMPRESSION)


def is_for_biopsy(header: Dataset) -> bool:
    """Return whether it was taken for, during or right after a biopsy."""
    return bool(items(header, "BiopsyTargetSequence")) or bool(_acquired(header) & BIOPSY)


def is_for_quality_control(header: Dataset) -> bool:
    """Return whether it is of a phantom, or to look after the equipment."""
    return text(header, "QualityControlImage") == "YES"


def is_contrast_alone(header: Dataset) -> bool:
    """Return whether it is the high-energy or a combined image of contrast mammography."""
    return bool(_acquired(header) & CONTRAST_ALONE)


def is_tomosynthesis_projection(header: Dataset) -> bool:
    """Return whether it is one of many weak exposures of a tomosynthesis."""
    return "TOMO_PROJ" in _acquired(header)


def _acquired(header: Dataset) -> set[str]:
    return {str(value).strip() for value in values(header, "ImageType")[ACQUIRED:]}


def _is_of_breast(header: Dataset) -> bool:
    return text(header, "BodyPartExamined").upper() == "BREAST" or any(
        text(region, "CodeValue") in BREAST_CODES
        and text(region, "CodingSchemeDesignator") in SNOMED
        for region in items(header, "AnatomicRegionSequence")
    )
