"""Which breast a mammogram shows, and from where (PS3.16 CID 4014 and 4015)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydicom import Dataset

from pipelines.mammogram.attributes import items, text

SNOMED = frozenset({"SCT", "SRT", "SNM3", "99SDM"})
"""What SNOMED codes are filed under: today's scheme, and three names of the one before it."""

OBLIQUE_VIEWS = frozenset(
    {
        *("399368009", "R-10226"),  # medio-lateral oblique
        *("399099002", "R-10230"),  # latero-medial oblique
    }
)
UPRIGHT_VIEWS = frozenset(
    {
        *("399162004", "R-10242"),  # cranio-caudal
        *("399196006", "R-10244"),  # caudo-cranial
        *("399192008", "R-1024A", "Y-X1770"),  # cranio-caudal exaggerated laterally
        *("399101009", "R-1024B", "Y-X1771"),  # cranio-caudal exaggerated medially
        *("399265009", "R-102CF"),  # cranio-caudal exaggerated, as it was before
    }
)

SPOT_COMPRESSION = frozenset({"399055006", "R-102D7"})
MAGNIFICATION = frozenset({"399163009", "R-102D6"})
IMPLANT_DISPLACED = frozenset({"399209000", "R-102D5"})

POSITIONS: Mapping[str, bool] = {
    "MLO": True,
    "LMO": True,
    "CC": False,
    "FB": False,
    "XCC": False,
    "XCCL": False,
    "XCCM": False,
}
"""The words of View Position, and whether they are oblique (ACR MQCM 1999, as in CID 4014)."""

SIDES = ("L", "R")


class View(NamedTuple):
    """The breast, ``L``, ``R`` or nothing, and whether it is seen obliquely, None if unknown."""

    side: str
    is_oblique: bool | None


def view_of(header: Dataset) -> View:
    """Return which breast an image shows, and whether as a medio-lateral oblique view does.

    Such a view has the pectoral muscle in a corner, one from above or below has not. Other views,
    from the side or across the muscle, may have some of it: of these, and where no view is stated,
    nothing is known.
    """
    return View(_side(header), _is_oblique(header))


def view_codes(header: Dataset) -> set[str]:
    """Return the SNOMED codes of the view, of whatever age."""
    return set(_codes(items(header, "ViewCodeSequence")))


def modifier_codes(header: Dataset) -> set[str]:
    """Return the SNOMED codes of what is special about the view, of whatever age.

    They belong into the view's item; some write them beside it.
    """
    places = (header, *items(header, "ViewCodeSequence"))
    return {code for place in places for code in _codes(items(place, "ViewModifierCodeSequence"))}


def _side(header: Dataset) -> str:
    stated = (text(header, keyword) for keyword in ("ImageLaterality", "Laterality"))
    side = next(filter(None, stated), "")
    return side if side in SIDES else ""


def _is_oblique(header: Dataset) -> bool | None:
    coded = view_codes(header)
    if coded:
        return True if coded & OBLIQUE_VIEWS else False if coded & UPRIGHT_VIEWS else None
    position = text(header, "ViewPosition").upper()
    if position not in POSITIONS and position.startswith(SIDES):
        position = position[1:]
    return POSITIONS.get(position)


def _codes(coded: list[Dataset]) -> Iterator[str]:
    for item in coded:
        if text(item, "CodingSchemeDesignator") in SNOMED:
            yield text(item, "CodeValue")
