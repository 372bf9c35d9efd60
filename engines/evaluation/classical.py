"""Masses without a network: blobs of several sizes, brighter than what is around them.

The peer that a trained detector must beat (Lindeberg 1998: scale-normalised Laplacian of Gaussian).
"""

from dataclasses import dataclass
from math import hypot

import numpy as np
from scipy import ndimage

from engines.cad.blobs import DIMMEST, peaks
from engines.cad.breast import Mask, breast
from engines.cad.detection import Candidate, Limits, within
from engines.cad.finding import Region
from engines.cad.muscle import pectoral
from engines.cad.tones import toned
from engines.cad.window import Place, Shades, shrunk
from engines.tiling import Pixels

SIDE = 512

RADII = tuple(5 * 2 ** (step / 2) for step in range(7))
"""Of masses, in pixels of the window: 5 to 40, of which one is about 0.4 mm."""

APART = 3
"""Pixels and sizes."""

CONTEXT = 4
"""Side of a region in radii of what is in it."""


@dataclass(frozen=True, slots=True)
class _Disc:
    """A bright disc of the window: its middle, radius, and how much it stands out."""

    x: float
    y: float
    radius: float
    weight: float

    def is_beside(self, other: "_Disc") -> bool:
        """Return whether neither holds the other's middle."""
        apart = hypot(self.x - other.x, self.y - other.y)
        return apart >= max(self.radius, other.radius)


def classical(pixels: Pixels, *, is_oblique: bool, limits: Limits) -> list[Candidate]:
    """Return the bright discs of a mammogram, the ones that stand out most first."""
    window, place = shrunk(pixels, SIDE)
    area = breast(window)
    searched = area & ~pectoral(window, area) if is_oblique else area
    if not searched.any():
        return []
    shades = _continued(toned(window, area), searched)
    apart: list[_Disc] = []
    for disc in _discs(shades, searched):
        if all(disc.is_beside(other) for other in apart):
            apart.append(disc)
    return list(within(limits, [_candidate(disc, place) for disc in apart]))


def _discs(shades: Shades, searched: Mask) -> list[_Disc]:
    """Return where a disc of some size stands out more than its neighbours, most first."""
    responses = np.stack([_response(shades, radius) for radius in RADII])
    standing = peaks(np.where(searched, responses, 0), APART, DIMMEST)
    found = [
        _Disc(column + 0.5, row + 0.5, RADII[scale], float(responses[scale, row, column]))
        for scale, row, column in standing
    ]
    return sorted(found, key=lambda disc: (-disc.weight, disc.y, disc.x))


def _candidate(disc: _Disc, place: Place) -> Candidate:
    (centre,) = place.to_image(np.array([(disc.x, disc.y)]))
    side = round(CONTEXT * disc.radius * place.scale[0])
    left, top = np.rint(centre - side / 2).astype(int).tolist()
    return Candidate(Region(left, top, side), round(min(1.0, disc.weight), 4))


def _continued(shades: Shades, area: Mask) -> Shades:
    """Return `shades` with the nearest shade of `area` beyond it, so that its edge is no edge."""
    smooth = ndimage.gaussian_filter(np.where(area, shades, 0), 2)
    weight = ndimage.gaussian_filter(area.astype(np.float32), 2)
    means = smooth / np.maximum(weight, 1e-6)
    _, (rows, columns) = ndimage.distance_transform_edt(~area, return_indices=True)
    made: Shades = np.where(area, shades, means[rows, columns]).astype(np.float32)
    return made


def _response(shades: Shades, radius: float) -> Shades:
    """Return how much brighter a disc of that radius is than what is around it, times 0..1."""
    sigma = radius / np.sqrt(2)
    made: Shades = -(sigma**2) * ndimage.gaussian_laplace(shades, sigma, mode="nearest")
    return made
