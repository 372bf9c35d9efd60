"""Regions given as JSON, beside the images: `{"<SOP Instance UID>": [[0, 0, 128, 96], ...]}`.

Each box is left, top, right, bottom in pixels of the source, 0, 0 at the outer corner of the first.
"""

from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.types import FiniteFloat

from engines.cad.finding import Region
from pipelines.mammogram.decode import LONGEST_SIDE
from pipelines.regions.extent import Box, square

MOST_BOXES = 64

Uid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.\d+)+$", max_length=64)]
Edge = Annotated[FiniteFloat, Field(strict=True, ge=0, le=LONGEST_SIDE)]
Corners = tuple[Edge, Edge, Edge, Edge]
Stated = TypeAdapter(
    dict[Uid, Annotated[list[Corners], Field(min_length=1, max_length=MOST_BOXES)]]
)


class BadBoxesError(ValueError):
    """The JSON says nothing that could be looked at; the message names the entry and the fault."""


def read_boxes(text: str) -> dict[str, list[Region]]:
    """Return the regions that a JSON text gives, by SOP Instance UID.

    A box is taken as it is given, and made square about its centre.

    Raises:
        BadBoxesError: it is no such JSON, or a box is none.
    """
    try:
        stated = Stated.validate_json(text)
    except ValidationError as error:
        raise BadBoxesError(_told(error)) from None
    return {
        uid: [_region(box, _place(uid, number)) for number, box in enumerate(boxes, 1)]
        for uid, boxes in stated.items()
    }


def _region(corners: tuple[float, float, float, float], place: str) -> Region:
    box = Box(*corners)
    if box.left >= box.right or box.top >= box.bottom:
        raise BadBoxesError(f"{place}: left must be less than right, and top less than bottom")
    return square(box, box.length)


def _place(uid: object, number: int) -> str:
    return f"{uid}, box {number}"


def _told(error: ValidationError) -> str:
    """Return which entry is wrong, as people count, and how."""
    fault = error.errors(include_url=False)[0]
    match fault["loc"]:
        case (uid, "[key]"):
            return f"{uid}: this is no SOP Instance UID"
        case (uid, int(index), *edge):
            number = f", number {int(edge[0]) + 1}" if edge else ""
            return f"{_place(uid, index + 1)}{number}: {fault['msg']}"
        case (uid,):
            return f"{uid}: {fault['msg']}"
    return fault["msg"]
