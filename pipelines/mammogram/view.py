"""What codes a mammogram states its view and what is special about it by (PS3.16 CID 4015)."""

from collections.abc import Iterator

from pydicom import Dataset

from pipelines.mammogram.attributes import items, text

SNOMED = frozenset({"SCT", "SRT", "SNM3", "99SDM"})
"""What SNOMED codes are filed under: today's scheme, and three names of the one before it."""

SPOT_COMPRESSION = frozenset({"399055006", "R-102D7"})
MAGNIFICATION = frozenset({"399163009", "R-102D6"})
IMPLANT_DISPLACED = frozenset({"399209000", "R-102D5"})


def view_codes(header: Dataset) -> set[str]:
    """Return the SNOMED codes of the view, of whatever age."""
    return set(_codes(items(header, "ViewCodeSequence")))


def modifier_codes(header: Dataset) -> set[str]:
    """Return the SNOMED codes of what is special about the view, of whatever age.

    They belong into the view's item; some write them beside it.
    """
    places = (header, *items(header, "ViewCodeSequence"))
    return {code for place in places for code in _codes(items(place, "ViewModifierCodeSequence"))}


def _codes(coded: list[Dataset]) -> Iterator[str]:
    for item in coded:
        if text(item, "CodingSchemeDesignator") in SNOMED:
            yield text(item, "CodeValue")
