"""Graphics drawn on images: presentation states and reports write them alike.

Coordinates are pairs of column and row, 0, 0 at the outer corner of the first pixel (PS3.3 C.10.5,
C.18.6).
"""

from collections.abc import Callable, Mapping

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from engines.cad.finding import Points
from pipelines.mammogram.attributes import UNREADABLE, numbers, text
from pipelines.regions.extent import Box

GRAPHIC_DATA = Tag("GraphicData")
MOST_CORNERS = 1 << 16
BYTES_OF_CORNER = 8


def extent(graphic: Dataset) -> Box | None:
    """Return how far a graphic reaches, in its own units; None where it is none or not legal."""
    reach = REACHES.get(text(graphic, "GraphicType"))
    corners = _corners(graphic)
    if reach is None or corners is None:
        return None
    return reach(corners)


def _corners(graphic: Dataset) -> Points | None:
    """Return the Graphic Data, (n, 2) of finite x and y, None where there are none or too many."""
    try:
        held: object = graphic.get_item(GRAPHIC_DATA)
    except UNREADABLE:
        return None
    if isinstance(held, RawDataElement):
        found = _unpacked(held)
    else:
        found = np.array(numbers(graphic, "GraphicData"))
    if not found.size or found.size % 2 or found.size > 2 * MOST_CORNERS:
        return None
    return found.reshape(-1, 2) if np.isfinite(found).all() else None


def _unpacked(held: RawDataElement) -> Points:
    """Return floats of 32 bits as they lie in a file: there may be very many."""
    value = held.value or b""
    if len(value) % BYTES_OF_CORNER or len(value) > BYTES_OF_CORNER * MOST_CORNERS:
        return np.empty(0)
    return np.frombuffer(value, "<f4" if held.is_little_endian else ">f4").astype(float)


def _of_circle(corners: Points) -> Box | None:
    """Its centre, then a point on it."""
    if len(corners) != 2:  # noqa: PLR2004 - as the standard counts
        return None
    centre, radius = corners[0], float(np.hypot(*(corners[1] - corners[0])))
    return Box.around(np.stack([centre - radius, centre + radius]))


def _of_ellipse(corners: Points) -> Box | None:
    """The ends of its long axis, then those of its short one; it may be oblique."""
    if len(corners) != 4:  # noqa: PLR2004 - as the standard counts
        return None
    long, short = (corners[1] - corners[0]) / 2, (corners[3] - corners[2]) / 2
    centre, reach = corners[:2].mean(axis=0), np.hypot(long, short)
    return Box.around(np.stack([centre - reach, centre + reach]))


REACHES: Mapping[str, Callable[[Points], Box | None]] = {
    "POINT": Box.around,
    "MULTIPOINT": Box.around,
    "POLYLINE": Box.around,
    "INTERPOLATED": Box.around,
    "CIRCLE": _of_circle,
    "ELLIPSE": _of_ellipse,
}
"""By Graphic Type; a curve through points may reach a little further than they do."""
