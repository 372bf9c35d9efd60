"""How far a mark reaches on an image, and the square region that is looked at for it."""

import math
from dataclasses import dataclass
from typing import Self

from pydicom import Dataset

from engines.cad.finding import Points, Region
from engines.cad.region import CONTEXT
from pipelines.mammogram.attributes import integer
from pipelines.results.derived_image import spacing_of

LEAST_SIDE = 32

POINT_MM = 16
"""What a point stands for: masses on films of mini-MIAS measure 16.8 mm (median of 40)."""
POINT_SHARE = 1 / 20
"""The same where nobody knows how large a pixel is: of the longer side, about 300 mm of film."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, 0, 0 at the outer corner of the first pixel; a point has no width."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, points: Points) -> Self:
        """Return the smallest box around `points`, (n, 2) of x and y."""
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return cls(float(left), float(top), float(right), float(bottom))

    @property
    def length(self) -> float:
        """Its longer side."""
        return max(self.right - self.left, self.bottom - self.top)

    def within(self, columns: float, rows: float) -> Self | None:
        """Return its part on an image of that size, None if it lies beyond."""
        if self.right < 0 or self.bottom < 0 or self.left > columns or self.top > rows:
            return None
        return type(self)(
            max(self.left, 0), max(self.top, 0), min(self.right, columns), min(self.bottom, rows)
        )


def region_around(marked: Box, image: Dataset) -> Region | None:
    """Return the region that is looked at for a mark, None if it lies beyond the image.

    It has the centre of the mark, and twice its longer side; it is no longer than the image, and
    not smaller than 32 pixels. A point stands for a lesion of 16 mm.
    """
    rows, columns = integer(image, "Rows") or 0, integer(image, "Columns") or 0
    seen = marked.within(columns, rows)
    if seen is None or min(rows, columns) < 1:
        return None
    length = seen.length or _length_of_point(image, max(rows, columns))
    return square(seen, max(min(CONTEXT * length, max(rows, columns)), LEAST_SIDE))


def square(box: Box, side: float) -> Region:
    """Return the square of whole pixels about the centre of `box`, at least `side` wide."""
    whole = math.ceil(side)
    left, top = (
        math.floor((start + end - whole) / 2 + 0.5)
        for start, end in ((box.left, box.right), (box.top, box.bottom))
    )
    return Region(left, top, whole)


def _length_of_point(image: Dataset, longest: int) -> float:
    spacing = spacing_of(image)
    return POINT_MM / max(spacing) if spacing else POINT_SHARE * longest
