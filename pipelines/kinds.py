"""The kinds of objects that pipelines make, as destinations accept them: docs/results.md."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pydicom import Dataset


class Kind(StrEnum):
    """A kind of result object."""

    SC_MULTIFRAME = "sc-multiframe"
    SC_SINGLE = "sc-single"
    MG_DERIVED = "mg-derived"
    CAD_SR = "cad-sr"
    CAD_SR_SRT = "cad-sr-srt"
    TID1500 = "sr-tid1500"
    TID1500_COMPREHENSIVE = "sr-tid1500-comprehensive"
    TID1500_ENHANCED = "sr-tid1500-enhanced"
    SEG = "seg"
    GSPS = "gsps"
    SC_RGB = "sc-rgb"


ENLARGED = (Kind.SC_MULTIFRAME, Kind.SC_SINGLE, Kind.MG_DERIVED)
"""The forms of a super-resolved image."""

REPORTS = (Kind.TID1500, Kind.TID1500_COMPREHENSIVE, Kind.TID1500_ENHANCED)
"""The forms of a Measurement Report."""

CAD_REPORTS = (Kind.CAD_SR, Kind.CAD_SR_SRT)
"""The forms of a Mammography CAD report."""

USUAL = frozenset({Kind.SC_MULTIFRAME, Kind.CAD_SR, Kind.TID1500, Kind.SEG, Kind.GSPS})
"""What a destination is sent that does not say what it accepts."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A result, of what kind it is, and the kind of the one it refers to, if it does."""

    dataset: Dataset
    kind: Kind
    beside: Kind | None = None

    def suits(self, accepted: Collection[Kind]) -> bool:
        """Return whether who accepts these is sent it: nobody is sent half of a pair."""
        return self.kind in accepted and (self.beside is None or self.beside in accepted)


def in_forms(
    forms: Iterable[Kind],
    wanted: Collection[Kind],
    make: Callable[[Kind], Dataset],
    beside: Kind | None = None,
) -> list[Made]:
    """Return what `make` makes in those of `forms` that are wanted."""
    return [Made(make(form), form, beside) for form in forms if form in wanted]
