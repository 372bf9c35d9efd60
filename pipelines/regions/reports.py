"""What structured reports mark on images: spatial coordinates (PS3.3 C.18.6).

Those of a Measurement Report are Image Regions (PS3.16 TID 1410), those of a Mammography CAD report
Outlines and Centers (TID 4021). Measurements drawn without a name are taken too.
"""

from collections.abc import Collection, Iterator, Mapping

from pydicom import Dataset

from pipelines.mammogram.attributes import items, numbers, text
from pipelines.regions.extent import Box
from pipelines.regions.graphics import extent
from pipelines.regions.references import uids

MOST_ITEMS = 1 << 16
DEEPEST = 64

REGIONS = frozenset({"111030", "111041"})
"""Image Region, Outline."""
CENTER = "111010"

NO_LESIONS = frozenset(
    {
        *("24142002", "T-04100"),  # nipple
        *("129770007", "F-01776"),  # individual calcification: their cluster has an outline
        *("129715009", "F-01710"),  # breast composition
        "111100",  # breast geometry
        "111101",  # image quality
        "111102",  # non-lesion
    }
)
"""What else a CAD marks as a Single Image Finding (PS3.16 CID 6014)."""

NOT_FOR_PRESENTATION = "111152"
"""The Rendering Intent (PS3.16 CID 6034) of what a CAD thought of and dropped."""

Path = tuple[int, ...]
"""Where an item stands in the tree, as references write it: 1, then the number of each child."""


def outlined(report: Dataset, images: Collection[str]) -> Iterator[tuple[str, Box]]:
    """Yield what is marked on which of `images`, in their pixels.

    A center counts where nothing beside it says how far it reaches.
    """
    tree = _tree(report)
    marks = {path: _concept(item) for path, item in tree.items() if _is_mark(item, path, tree)}
    reaching = {path[:-1] for path, concept in marks.items() if concept != CENTER}
    for path, concept in marks.items():
        box = None if concept == CENTER and path[:-1] in reaching else extent(tree[path])
        for uid in _selected_from(tree[path], tree) if box is not None else ():
            if uid in images and box is not None:
                yield uid, box


def _tree(report: Dataset) -> dict[Path, Dataset]:
    """Return all content items in the order of the document, as far as they are not too many."""
    found: dict[Path, Dataset] = {}
    waiting: list[tuple[Path, Dataset]] = [((1,), report)]
    while waiting and len(found) < MOST_ITEMS:
        path, item = waiting.pop()
        found[path] = item
        if len(path) < DEEPEST:
            children = items(item, "ContentSequence")
            waiting += [((*path, number), child) for number, child in enumerate(children, 1)][::-1]
    return found


def _is_mark(item: Dataset, path: Path, tree: Mapping[Path, Dataset]) -> bool:
    if text(item, "ValueType") != "SCOORD" or text(item, "PixelOriginInterpretation") == "VOLUME":
        return False
    parent = tree.get(path[:-1], item)
    return _is_of_lesion(parent) and _concept(item) in {*REGIONS, CENTER, ""}


def _is_of_lesion(finding: Dataset) -> bool:
    """Return whether an item that has coordinates says of nothing that they are no lesion."""
    said = _values(finding)
    for child in items(finding, "ContentSequence"):
        said |= _values(child) & {NOT_FOR_PRESENTATION}
    return not said & {*NO_LESIONS, NOT_FOR_PRESENTATION}


def _values(item: Dataset) -> set[str]:
    return {text(value, "CodeValue") for value in items(item, "ConceptCodeSequence")}


def _concept(item: Dataset) -> str:
    """Return the code of the item's name, nothing where it has none."""
    names = items(item, "ConceptNameCodeSequence")
    return text(names[0], "CodeValue") if names else ""


def _selected_from(item: Dataset, tree: Mapping[Path, Dataset]) -> list[str]:
    """Return the images that coordinates were selected from, by value or by reference."""
    found = []
    for child in items(item, "ContentSequence"):
        place = tuple(map(int, numbers(child, "ReferencedContentItemIdentifier")))
        image = tree.get(place) if place else child
        found += items(image, "ReferencedSOPSequence") if image is not None else []
    return uids(found)
