"""What is drawn on images by a Grayscale Softcopy Presentation State (PS3.3 C.10.5)."""

from collections.abc import Collection, Iterator
from itertools import islice

from pydicom import Dataset

from pipelines.mammogram.attributes import integer, items, numbers, text
from pipelines.regions.extent import Box
from pipelines.regions.graphics import extent
from pipelines.regions.references import listed, uids

MOST_GRAPHICS = 1024


def drawn(state: Dataset, images: Collection[str]) -> Iterator[tuple[str, Box]]:
    """Yield what is drawn on which of `images`, in their pixels.

    Text is nothing that is drawn, nor is what has its place on the screen while the image is shown
    rotated or flipped.
    """
    for annotation, graphic in islice(_graphics(state), MOST_GRAPHICS):
        box = extent(graphic)
        for uid in _shown_on(annotation, state) if box is not None else ():
            placed = _in_pixels(box, graphic, state, uid) if uid in images and box else None
            if placed is not None:
                yield uid, placed


def _graphics(state: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    for annotation in items(state, "GraphicAnnotationSequence"):
        for graphic in items(annotation, "GraphicObjectSequence"):
            yield annotation, graphic


def _shown_on(annotation: Dataset, state: Dataset) -> list[str]:
    own = items(annotation, "ReferencedImageSequence")
    return uids(own or listed(state, "ReferencedImageSequence"))


def _in_pixels(box: Box, graphic: Dataset, state: Dataset, uid: str) -> Box | None:
    match text(graphic, "GraphicAnnotationUnits"):
        case "PIXEL":
            return box
        case "DISPLAY":
            area = _displayed_area(state, uid)
            return area and _scaled(box, area)
    return None


def _scaled(box: Box, area: Box) -> Box:
    """Return a box in shares of `area` as a part of it."""
    width, height = area.right - area.left, area.bottom - area.top
    return Box(
        area.left + width * box.left,
        area.top + height * box.top,
        area.left + width * box.right,
        area.top + height * box.bottom,
    )


def _displayed_area(state: Dataset, uid: str) -> Box | None:
    """Return what of an image is displayed, None unless it is displayed upright (C.10.4)."""
    if integer(state, "ImageRotation") or text(state, "ImageHorizontalFlip") == "Y":
        return None
    for area in items(state, "DisplayedAreaSelectionSequence"):
        shown_on = items(area, "ReferencedImageSequence")
        corners = ("DisplayedAreaTopLeftHandCorner", "DisplayedAreaBottomRightHandCorner")
        if shown_on and uid not in uids(shown_on):
            continue
        match [numbers(area, corner) for corner in corners]:
            case [(left, top), (right, bottom)] if left <= right and top <= bottom:
                return Box(left - 1, top - 1, right, bottom)  # these pixels count from 1
        return None
    return None
