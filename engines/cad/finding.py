"""What is found on one image, in its own pixels.

A place is (x, y): columns to the right, rows down, 0, 0 at the outer corner of the first pixel, so
that the middle of pixel [row, column] is (column + 0.5, row + 0.5). It is what PS3.3 C.18.6.1.1 and
C.10.5.2 mean by pixel coordinates.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(corners, 2) of x and y; the last is joined with the first, and is not the first again."""


def area_of(corners: Points) -> float:
    """Return what a line encloses, in pixels."""
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def centre_of(corners: Points) -> tuple[float, float]:
    """Return the centre of mass of what a line encloses, (x, y), of its corners if that is none."""
    here, there = corners, np.roll(corners, -1, axis=0)
    cross = here[:, 0] * there[:, 1] - there[:, 0] * here[:, 1]
    if not cross.sum():
        x, y = corners.mean(axis=0)
    else:
        x, y = ((here + there) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    return float(x), float(y)


@dataclass(frozen=True, slots=True)
class Region:
    """A square part of an image, in its pixels; it may reach beyond the edges."""

    left: int
    top: int
    side: int

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, (x, y)."""
        return self.left + self.side / 2, self.top + self.side / 2


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A lesion: where it is, and how sure the networks are of it.

    `certainty` is the detector's, 0..1, None where the region was given by somebody else;
    `probability` is the classifier's, 0..1, of the class that the detector's card names;
    `is_suspicious` says whether it reached the operating point of that card.
    """

    region: Region
    outline: Points
    certainty: float | None
    probability: float
    is_suspicious: bool

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of mass of what the outline encloses, (x, y)."""
        return centre_of(self.outline)

    @property
    def area(self) -> float:
        """What the outline encloses, in pixels."""
        return area_of(self.outline)

    def enlarged(self, scale: int) -> "Finding":
        """Return the same finding on the image enlarged `scale` times."""
        region = Region(
            *(scale * value for value in (self.region.left, self.region.top, self.region.side))
        )
        return replace(self, region=region, outline=scale * self.outline)
