"""Where on a whole mammogram a network sees lesions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from engines.cad.answers import seen, side_of
from engines.cad.blobs import Blob, blobs
from engines.cad.breast import Mask, breast
from engines.cad.finding import Points, Region
from engines.cad.muscle import pectoral
from engines.cad.region import CONTEXT
from engines.cad.tones import toned
from engines.cad.window import Place, Shades, resized, shrunk
from engines.card import Card, CardError, Chain
from engines.engine import Engine
from engines.tiling import Pixels

LEAST_MM = 12
"""Side of the smallest region."""

LEAST_SHARE, MOST_SHARE = 1 / 20, 1 / 2
"""Of the image's longer side: the smallest region where the spacing is not known, the largest."""

HALF = 0.5

DOUBTFUL = 1 / 32
"""Where the view is not known, muscle within this share of the window from its edge may be none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part of an image that the detector takes for a lesion, and how sure it is, 0..1."""

    region: Region
    certainty: float


class Certain(Protocol):
    """Something of which a method is more or less sure."""

    @property
    def certainty(self) -> float:
        """How sure it is, 0..1."""


Sure = TypeVar("Sure", bound=Certain)


@dataclass(frozen=True, slots=True)
class Limits:
    """Which candidates count: of those of `least_certainty` or more the `most` surest."""

    least_certainty: float
    most: int


def candidates(
    pixels: Pixels,
    engine: Engine,
    *,
    is_oblique: bool | None,
    spacing: float | None = None,
    limits: Limits | None = None,
) -> list[Candidate]:
    """Return where the detector sees lesions on a mammogram, the surest first.

    `pixels` is (rows, columns), brighter is denser, what is no image at its lowest; `is_oblique`
    says whether it may show the pectoral muscle, None where nobody knows; `spacing` is in mm. The
    limits are those of the detector's card unless others are given.

    Raises:
        AnswerError: the network does not answer as its card says.
        CardError: no limits are given, and the card has none.
    """
    limits = limits or limits_of(engine.card)
    window, place = shrunk(pixels, side_of(engine.card))
    area = breast(window)
    found = seen(engine, toned(window, area))
    marked = blobs_of(found, window, area, is_oblique=is_oblique, least=limits.least_certainty)
    scale = window.shape[0] / found.shape[0]
    return [
        Candidate(_region(scale * _corners(blob), place, spacing), blob.certainty)
        for blob in within(limits, marked)
    ]


def blobs_of(
    found: Shades, window: NDArray[np.generic], area: Mask, *, is_oblique: bool | None, least: float
) -> list[Blob]:
    """Return the blobs of a detector's map of a window, muscle and air left out, the surest first.

    `area` is the breast on the window; those below a certainty of `least` are none.
    """
    searched = resized(area & ~_muscle(window, area, is_oblique=is_oblique), found.shape) > HALF
    return blobs(np.where(searched, found, np.float32(0)), least)


def chain_of(card: Card) -> Chain:
    """Return what the card says that its detector is followed by.

    Raises:
        CardError: it says nothing of that.
    """
    if card.chain is None:
        raise CardError(f"{card.name} {card.version} is no detector: its card has no [chain]")
    return card.chain


def limits_of(card: Card) -> Limits:
    """Return the operating point of a detector's card.

    Raises:
        CardError: it says nothing of that.
    """
    chain = chain_of(card)
    return Limits(chain.least_certainty, chain.most_findings)


def within(limits: Limits, found: Sequence[Sure]) -> Sequence[Sure]:
    """Return those of `found`, the surest first, that count within `limits`."""
    return [one for one in found if one.certainty >= limits.least_certainty][: limits.most]


def _muscle(window: NDArray[np.generic], area: Mask, *, is_oblique: bool | None) -> Mask:
    """Return the pectoral muscle: what is surely of it where nobody knows the view."""
    if is_oblique is False:
        return np.zeros(window.shape, bool)
    muscle = pectoral(window, area)
    if is_oblique:
        return muscle
    depth = round(DOUBTFUL * max(window.shape))
    doubtful = ndimage.binary_dilation(area & ~muscle, iterations=depth)
    surely: Mask = muscle & ~doubtful
    return surely


def _corners(blob: Blob) -> Points:
    return np.array([(blob.left, blob.top), (blob.right, blob.bottom)], float)


def _region(corners: Points, place: Place, spacing: float | None) -> Region:
    """Return the square region around what lies between two corners of the window."""
    first, last = place.to_image(corners)
    longest = max(place.shape)
    least = LEAST_MM / spacing if spacing else LEAST_SHARE * longest
    most = MOST_SHARE * longest
    side = max(1, round(min(max(CONTEXT * (last - first).max(), least), most)))
    left, top = np.rint((first + last - side) / 2).astype(int).tolist()
    return Region(left, top, side)
