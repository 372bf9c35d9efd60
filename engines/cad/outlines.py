"""The outline of the lesion in the middle of a map."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from engines.cad.breast import Mask
from engines.cad.finding import Points, area_of
from engines.cad.window import Shades

HALF = 0.5

MOST_CORNERS = 200

SPECK = 0.1
"""Parts smaller than this share of the largest are no lesion."""

FINEST = 0.05
"""How far simplifying strays at first, in pixels of the map; twice as far until it is enough."""


def lesion(seen: Shades, inside: Mask) -> Mask:
    """Return the part of `inside` above one half nearest to the middle of a map, holes filled.

    Specks beside a larger part do not count; it is empty where nothing is above one half.
    """
    parts, count = ndimage.label((seen > HALF) & inside)
    if not count:
        return np.zeros(seen.shape, bool)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    nearest = ndimage.minimum(_from_middle(seen.shape), parts, np.arange(1, count + 1))
    large = sizes >= SPECK * sizes.max()
    chosen = min(np.flatnonzero(large), key=lambda part: (nearest[part], -sizes[part], part))
    filled: Mask = ndimage.binary_fill_holes(parts == chosen + 1)
    return filled


def outline(seen: Shades, part: Mask) -> Points:
    """Return the outer line of one half around `part` of a map, (corners, 2) of x and y.

    It lies between the pixels as the map says, 0, 0 being the outer corner of the first; the last
    corner is not the first again.
    """
    above, below = np.nextafter(np.float32(HALF), np.float32(1)), np.float32(HALF - 1e-3)
    field = np.where(part, np.maximum(seen, above), np.minimum(seen, below))
    lines = find_contours(np.pad(field, 1), HALF)
    longest = max(lines, key=area_of)
    corners: Points = longest[:-1, ::-1] - 1 + 0.5  # of the padding; of pixels' centres
    return corners


def simplified(corners: Points, pixel: float) -> Points:
    """Return a closed line of at most 200 corners that strays as little as it needs.

    `pixel` is what a pixel of the map measures in the units of `corners`.
    """
    closed, tolerance = np.concatenate([corners, corners[:1]]), FINEST * pixel
    simple = approximate_polygon(closed, tolerance)
    while len(simple) > MOST_CORNERS + 1:
        tolerance *= 2
        simple = approximate_polygon(closed, tolerance)
    made: Points = simple[:-1]
    return made


def ellipse(centre: tuple[float, float], radius: float) -> Points:
    """Return a circle as a line of 32 corners: what stands for a lesion that has no outline."""
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + centre


def _from_middle(shape: tuple[int, ...]) -> NDArray[np.float64]:
    rows, columns = shape
    down, across = np.ogrid[:rows, :columns]
    return np.hypot(down - (rows - 1) / 2, across - (columns - 1) / 2)
