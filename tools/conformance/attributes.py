"""What each attribute of a result holds, and how that comes about, found by comparing samples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_description, keyword_for_tag

from pipelines.mammogram.attributes import values
from tools.conformance.computed import COMPUTED, COMPUTED_AT_TOP, COMPUTED_WITHIN
from tools.conformance.samples import Sample
from tools.conformance.sources import Case

ALWAYS, VNAP, ANAP, EMPTY = "ALWAYS", "VNAP", "ANAP", "EMPTY"
FIXED, COPY, AUTO, CONFIG = "FIXED", "COPY", "AUTO", "CONFIG"
CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
AE_TITLE = "AE title of this node"
OF_SOURCE = {
    "ReferencedSOPClassUID": "SOPClassUID",
    "ReferencedSOPInstanceUID": "SOPInstanceUID",
}
"""What refers to the source bears other names than there."""
CONTENT = "ContentSequence"
SEVERAL = "; "
MOST_SHOWN = 6


@dataclass(frozen=True)
class Attribute:
    """An attribute of results; `path` has the tags of the sequences around it, then its own."""

    path: tuple[int, ...]
    presence: str
    source: str
    said: str
    """Its value where that is fixed, else how it comes about."""

    @property
    def name(self) -> str:
        """What PS3.6 calls it, behind a mark for each sequence that it is in."""
        return ">" * (len(self.path) - 1) + dictionary_description(self.path[-1])

    @property
    def tag(self) -> str:
        """Its tag as it is written."""
        return f"({self.path[-1] >> 16:04X},{self.path[-1] & 0xFFFF:04X})"


@dataclass(frozen=True)
class Place:
    """A data set or an item, and the case it was made in."""

    dataset: Dataset
    case: Case


def attributes(samples: Iterable[Sample]) -> list[Attribute]:
    """Return what `samples`, all of one IOD, hold; the content of reports is not among it."""
    return list(_described([Place(one.dataset, one.case) for one in samples], ()))


def _described(places: Sequence[Place], path: tuple[int, ...]) -> Iterable[Attribute]:
    tags = sorted({element.tag for place in places for element in place.dataset})
    for tag in tags:
        held = [(place.dataset[tag], place.case) for place in places if tag in place.dataset]
        keyword = held[0][0].keyword
        if keyword == CONTENT or (keyword in CODE and _are_codes(places)):
            continue
        presence = _presence(len(places), [element for element, _ in held])
        inner = [Place(item, case) for element, case in held for item in _items(element)]
        within = COMPUTED_WITHIN.get(keyword_for_tag(path[-1]), {}) if path else COMPUTED_AT_TOP
        known = {**COMPUTED, **within}
        is_plain = not inner or _are_codes(inner)
        source, said = _origin(keyword, held) if is_plain and presence != EMPTY else ("", "")
        if keyword in known and presence != EMPTY and (source != FIXED or SEVERAL in said):
            mixed = f"{COPY}, {AUTO}" if path and keyword in within else AUTO
            source, said = mixed if is_plain else "", known[keyword]
        yield Attribute((*path, int(tag)), presence, source, said)
        yield from _described(inner, (*path, int(tag)))


def _presence(places: int, held: Sequence[DataElement]) -> str:
    filled = [element for element in held if not _is_empty(element)]
    if not filled:
        return EMPTY
    if len(held) < places:
        return ANAP
    return ALWAYS if len(filled) == places else VNAP


def _origin(keyword: str, held: Sequence[tuple[DataElement, Case]]) -> tuple[str, str]:
    """Return how values come about, and the values themselves where they are fixed."""
    shown = [(_shown(element), case) for element, case in held if not _is_empty(element)]
    distinct = list(dict.fromkeys(value for value, _ in shown))
    copied = {value for value, case in shown if value in _of_source(keyword, case)}
    if copied == set(distinct) and (len(distinct) > 1 or keyword in OF_SOURCE):
        return COPY, ""
    repeated = {
        value
        for value in distinct
        if len({case.name for other, case in shown if other == value}) > 1
    }
    chosen = {value for value, case in shown if value == case.product.station_name}
    rest = set(distinct) - repeated - copied - chosen
    found = {
        FIXED: repeated,
        COPY: copied - repeated,
        CONFIG: chosen,
        AUTO: rest,
    }
    fixed = [value for value in distinct if value in repeated]
    said = SEVERAL.join(fixed) if len(fixed) <= MOST_SHOWN else ""
    source = ", ".join(name for name, held in found.items() if held)
    return source, AE_TITLE if source == CONFIG else said


def _of_source(keyword: str, case: Case) -> set[str]:
    """Return the values that the images of a case have under that keyword, at any depth."""
    return _all_of_source(case).get(OF_SOURCE.get(keyword, keyword), set())


@cache
def _all_of_source(case: Case) -> dict[str, set[str]]:
    """Return the values that the images of a case have, by keyword."""
    found: dict[str, set[str]] = {}
    for image in case.images:
        for element in image.iterall():
            found.setdefault(element.keyword, set()).add(_shown(element))
    return found


def _shown(element: DataElement) -> str:
    items = _items(element)
    if items:
        return ", ".join(_code(item) for item in items)
    if isinstance(element.value, bytes):
        return element.value.hex()
    return "\\".join(map(str, _values(element)))


def _values(element: DataElement) -> list[object]:
    holder = Dataset()
    holder.add(element)
    return values(holder, element.keyword) or [""]


def _code(item: Dataset) -> str:
    value, scheme, meaning = (str(item.get(keyword, "")) for keyword in CODE)
    return f'({value}, {scheme}, "{meaning}")'


def _are_codes(places: Sequence[Place]) -> bool:
    return bool(places) and all("CodeValue" in place.dataset for place in places)


def _items(element: DataElement) -> list[Dataset]:
    return list(element.value) if element.VR == "SQ" else []


def _is_empty(element: DataElement) -> bool:
    return element.is_empty or (element.VR == "SQ" and not element.value)
