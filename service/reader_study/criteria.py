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
    """Those that stand together on the page."""


_CALCIFICATIONS, _DENSITY, _GENERAL = "Microcalcifications", "Breast density", "In general"
_STRUCTURES, _WHOLE = "Structures", "Whole image"

CRITERIA = (
    Criterion("detection", "Detection of microcalcifications", _CALCIFICATIONS),
    Criterion("diagnostic-quality", "Diagnostic quality of microcalcifications", _CALCIFICATIONS),
    Criterion("calcification-contrast", "Contrast of microcalcifications", _CALCIFICATIONS),
    Criterion("calcification-noise", "Noise of microcalcifications", _CALCIFICATIONS),
    Criterion("calcification-sharpness", "Sharpness of microcalcifications", _CALCIFICATIONS),
    Criterion("density", "Visibility of breast density", _DENSITY),
    Criterion("contrast", "Contrast in general", _GENERAL),
    Criterion("noise", "Noise in general", _GENERAL),
    Criterion("sharpness", "Sharpness in general", _GENERAL),
    Criterion("pectoral-muscle", "Visibility of the pectoral muscle", _STRUCTURES),
    Criterion("nipple", "Visibility of the nipple", _STRUCTURES),
    Criterion("skin", "Visibility of the skin", _STRUCTURES),
    Criterion("artifacts", "Artifacts", _WHOLE),
    Criterion("overall", "Overall", _WHOLE),
)
"""In the order of the paper."""

BY_KEY: Mapping[str, Criterion] = MappingProxyType({one.key: one for one in CRITERIA})
