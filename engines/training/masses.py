"""Single masses, each with as much around it as a detector would leave."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engines.cad.finding import Region
from engines.cad.window import Mask, Shades, resized
from engines.training.distort import Bounds, warped
from engines.training.lesions import Boxed, Outlined, bounds

SIDE = 128
"""Of a region as it is cut (Jimenez-Gaona 2024)."""

ROOM = (1.5, 2.7)
"""Side of a region, in extents of its mass; the middle of it is what is validated on."""

SHIFT = 0.2
"""How far a mass may be from the middle of its region, in its extents."""

TURNS = Bounds(turn=45, zoom=1.0, beyond=cv2.BORDER_REPLICATE)


@dataclass(frozen=True, slots=True, eq=False)
class Mass:
    """An image with one mass: where it is, 0 or 1, and where that is known; its middle and extent.

    `extent` is the longer side of its box.
    """

    patient: str
    values: Shades
    mask: Shades
    counts: Shades
    middle: tuple[float, float]
    extent: float
    is_malignant: bool


def of_wholes(images: Iterable[Outlined]) -> list[Mass]:
    """Return each outlined mass; they are of malignant cases."""
    return [_of_whole(image, number) for image in images for number in range(len(image.masses))]


def _of_whole(image: Outlined, number: int) -> Mass:
    mask = image.masses[number]
    others = np.any([image.others, *image.masses], axis=0) & ~mask
    left, top, width, height = bounds(mask)
    return Mass(
        image.patient,
        image.values.astype(np.float32),
        mask.astype(np.float32),
        (~others).astype(np.float32),
        (left + width / 2, top + height / 2),
        max(width, height),
        is_malignant=True,
    )


def of_films(regions: Iterable[Boxed]) -> list[Mass]:
    """Return each boxed mass, as an ellipse."""
    return [_of_film(one) for one in regions]


def _of_film(one: Boxed) -> Mass:
    _, _, width, height = one.box
    values = one.values.astype(np.float32)
    mask = one.mask.astype(np.float32)
    extent = max(width, height)
    return Mass(
        one.patient, values, mask, np.ones_like(values), one.centre, extent, one.is_malignant
    )


def region(mass: Mass) -> Region:
    """Return the region around `mass`, which is in its middle."""
    side = max(8, round(np.mean(ROOM) * mass.extent))
    x, y = mass.middle
    return Region(round(x - side / 2), round(y - side / 2), side)


def turned(mass: Mass, chance: np.random.Generator) -> Mass:
    """Return a region with `mass` in it: turned, mirrored, and more or less in the middle."""
    side = max(8, round(chance.uniform(*ROOM) * mass.extent))
    x, y = np.array(mass.middle) + chance.uniform(-SHIFT, SHIFT, 2) * mass.extent
    maps = warped((mass.values, mass.mask, mass.counts), (x, y), side, TURNS, chance)
    values, mask, counts = maps
    return replace(mass, values=values, mask=mask, counts=counts)


def whole(mass: Mass) -> Region:
    """Return all of the square that `mass` was turned into."""
    return Region(0, 0, mass.values.shape[0])


def part(mask: Shades, of: Region, side: int) -> Mask:
    """Return a region of a mask as `side` x `side` pixels; beyond the image there is nothing."""
    wide = np.zeros((of.side, of.side), np.float32)
    rows, columns = mask.shape
    top, left = max(0, of.top), max(0, of.left)
    bottom, right = min(rows, of.top + of.side), min(columns, of.left + of.side)
    inner = mask[top:bottom, left:right]
    wide[top - of.top : bottom - of.top, left - of.left : right - of.left] = inner
    made: Mask = resized(wide, (side, side)) > 0.5  # noqa: PLR2004 - most of a pixel
    return made
