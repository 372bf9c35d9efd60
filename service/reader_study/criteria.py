"""What readers judge, and on which scale: Honjo 2022, Table 2."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCORES = (1, 2, 3, 4, 5)
"""1: original strongly preferred, 3: no difference, 5: super-resolved strongly preferred."""
NO_DIFFERENCE = 3


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the fourteen; `key` is what files call it."""

    key: str
    name: str
    group: str
    """Those that stand together on the page, under this heading."""
    short: str
    """Its name under that heading."""


_CALCIFICATIONS, _VISIBILITY = "Microcalcifications", "Visibility of structures"
_DENSITY, _GENERAL, _WHOLE = "Visibility of density", "In general", "Whole image"

CRITERIA = (
    Criterion("detection", "Detection of microcalcifications", _CALCIFICATIONS, "Detection"),
    Criterion(
        "diagnostic-quality",
        "Diagnostic quality of microcalcifications",
        _CALCIFICATIONS,
        "Diagnostic quality",
    ),
    Criterion(
        "calcification-contrast", "Contrast of microcalcifications", _CALCIFICATIONS, "Contrast"
    ),
    Criterion("calcification-noise", "Noise of microcalcifications", _CALCIFICATIONS, "Noise"),
    Criterion(
        "calcification-sharpness", "Sharpness of microcalcifications", _CALCIFICATIONS, "Sharpness"
    ),
    Criterion("density", "Visibility of breast density", _DENSITY, "Breast density"),
    Criterion("contrast", "Contrast in general", _GENERAL, "Contrast"),
    Criterion("noise", "Noise in general", _GENERAL, "Noise"),
    Criterion("sharpness", "Sharpness in general", _GENERAL, "Sharpness"),
    Criterion(
        "pectoral-muscle", "Visibility of the pectoral muscle", _VISIBILITY, "Pectoral muscle"
    ),
    Criterion("nipple", "Visibility of the nipple", _VISIBILITY, "Nipple"),
    Criterion("skin", "Visibility of the skin", _VISIBILITY, "Skin"),
    Criterion("artifacts", "Artifacts", _WHOLE, "Artifacts"),
    Criterion("overall", "Overall", _WHOLE, "Overall"),
)
"""In the order of the paper."""

BY_KEY: Mapping[str, Criterion] = MappingProxyType({one.key: one for one in CRITERIA})
