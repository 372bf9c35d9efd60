"""The content of a structured report, read back (PS3.3 C.17.3)."""

from collections.abc import Iterator

import numpy as np
from pydicom import Dataset

from engines.cad.finding import Points
from pipelines.mammogram.attributes import items, number, numbers, text
from pipelines.results.codes import Code

FEWEST_CORNERS = 3


def children(item: Dataset) -> list[Dataset]:
    """Return the content items right below `item`."""
    return items(item, "ContentSequence")


def walk(item: Dataset) -> Iterator[Dataset]:
    """Yield `item` and all content items below it, in their order."""
    below = [item]
    while below:
        one = below.pop()
        yield one
        below += reversed(children(one))


def concept_of(item: Dataset) -> Code | None:
    """Return the name of a content item."""
    return _code(item, "ConceptNameCodeSequence")


def value_of(item: Dataset) -> Code | None:
    """Return the value of a CODE item."""
    return _code(item, "ConceptCodeSequence")


def named(parent: Dataset, code: Code) -> Dataset | None:
    """Return the first child of that name, whatever its meaning is called."""
    return next((one for one in children(parent) if is_named(one, code)), None)


def is_named(item: Dataset, code: Code) -> bool:
    """Return whether a content item has that name."""
    found = concept_of(item)
    return found is not None and (found.value, found.scheme) == (code.value, code.scheme)


def amount(item: Dataset | None) -> float | None:
    """Return the number that a NUM item states."""
    for measured in items(item, "MeasuredValueSequence") if item is not None else ():
        return number(measured, "NumericValue")
    return None


def text_of(item: Dataset | None) -> str:
    """Return what a TEXT item says, empty where there is none."""
    return text(item, "TextValue") if item is not None else ""


def unit(item: Dataset) -> str:
    """Return the unit of a NUM item, empty where it is none."""
    for measured in items(item, "MeasuredValueSequence"):
        code = _code(measured, "MeasurementUnitsCodeSequence")
        return code.value if code and code.value != "1" else ""
    return ""


def outline(item: Dataset) -> Points | None:
    """Return the corners of a POLYLINE, of a SCOORD or of a presentation state, None if it is none.

    The last is joined with the first, and is not the first again.
    """
    flat = numbers(item, "GraphicData")
    if text(item, "GraphicType") != "POLYLINE" or len(flat) % 2:
        return None
    corners = np.array(flat, np.float64).reshape(-1, 2)
    if len(corners) > 1 and (corners[0] == corners[-1]).all():
        corners = corners[:-1]
    return corners if len(corners) >= FEWEST_CORNERS else None


def images_of(item: Dataset, root: Dataset) -> list[str]:
    """Return the UIDs of the images that `item` refers to, by value or to those of a library."""
    found = []
    for one in children(item):
        target = _referred(root, one) if "ReferencedContentItemIdentifier" in one else one
        if target is not None:
            found += [
                text(each, "ReferencedSOPInstanceUID")
                for each in items(target, "ReferencedSOPSequence")
            ]
    return found


def _referred(root: Dataset, reference: Dataset) -> Dataset | None:
    """Return the content item at that place, None if there is none."""
    path = numbers(reference, "ReferencedContentItemIdentifier")
    one = root
    for step in map(int, path[1:]):
        below = children(one)
        if not 0 < step <= len(below):
            return None
        one = below[step - 1]
    return one


def _code(item: Dataset, keyword: str) -> Code | None:
    return next((Code.of(one) for one in items(item, keyword)), None)
