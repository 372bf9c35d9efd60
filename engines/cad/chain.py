"""From the pixels of a mammogram to findings: detect, enlarge, outline and judge."""

from dataclasses import dataclass

import numpy as np

from engines.cad import answers, outlines
from engines.cad.breast import Mask
from engines.cad.detection import Limits, candidates, chain_of
from engines.cad.finding import Finding, Points, Region, area_of
from engines.cad.region import cut, to_image, with_room
from engines.cad.window import Shades, resized
from engines.engine import Engine
from engines.tiling import Pixels

REGION_SIDE = 128
"""What a region is brought to where its enlarging network takes any size (Jimenez-Gaona 2024)."""

CERTAINTY_DIGITS, CORNER_DIGITS = 4, 2
"""Finer differences between findings say nothing, and must not make two reports of one."""

FALLBACK = 1 / 4
"""Radius in sides of the region: it is cut twice as wide as what is in it."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of the chain, ready to run."""

    detector: Engine
    super_resolution: Engine
    segmentation: Engine
    classification: Engine


def examine(
    pixels: Pixels,
    networks: Networks,
    *,
    is_oblique: bool | None,
    spacing: float | None = None,
    limits: Limits | None = None,
) -> list[Finding]:
    """Return the findings on a mammogram, the surest first.

    `pixels` is (rows, columns), brighter is denser, what is no image at its lowest; `is_oblique`
    says whether it may show the pectoral muscle, None where nobody knows; `spacing` is in mm.

    Raises:
        AnswerError: a network does not answer as its card says.
        CardError: the detector's card has no chain.
    """
    found = candidates(
        pixels, networks.detector, is_oblique=is_oblique, spacing=spacing, limits=limits
    )
    return [examine_region(pixels, one.region, one.certainty, networks) for one in found]


def examine_region(
    pixels: Pixels, region: Region, certainty: float | None, networks: Networks
) -> Finding:
    """Return what the networks make of one region, `certainty` None where it was given.

    Each network is shown as much around the lesion as its card says that it learned from, the
    lesion being half as wide as `region`. Where none is outlined, a circle about the middle, half
    as wide as `region`, stands for it.

    Raises:
        AnswerError: a network does not answer as its card says.
        CardError: the detector's card has no chain.
        ValueError: the region lies beyond the image.
    """
    chain = chain_of(networks.detector.card)
    if not _on(region, pixels.shape):
        raise ValueError(f"{region} lies beyond an image of {pixels.shape}")
    judged = shown(pixels, region, networks, networks.classification)
    outline = _outlined(pixels, region, networks)
    probability = answers.probability(networks.classification, judged, chain.class_label)
    probability = round(probability, CERTAINTY_DIGITS)
    return Finding(
        region=region,
        outline=_circle(region, pixels.shape) if outline is None else outline,
        certainty=None if certainty is None else round(certainty, CERTAINTY_DIGITS),
        probability=probability,
        is_suspicious=probability >= chain.suspicious,
    )


def shown(pixels: Pixels, region: Region, networks: Networks, engine: Engine) -> Shades:
    """Return what one of the networks is shown of an image for `region`: 0..1, of its own size.

    It is brought to 128 x 128, enlarged (Jimenez-Gaona 2024), and brought to what that takes.

    Raises:
        AnswerError: the network that enlarges does not answer as its card says.
    """
    around, enlarging = with_room(region, engine.card.input.room), networks.super_resolution
    side = REGION_SIDE if enlarging.card.halo else enlarging.card.tile
    enlarged = answers.enlarged(enlarging, cut(pixels, around, side))
    side = answers.side_of(engine.card)
    return resized(enlarged, (side, side))


def _on(region: Region, shape: tuple[int, ...]) -> bool:
    rows, columns = shape
    across = -region.side < region.left < columns
    return region.side > 0 and across and -region.side < region.top < rows


def _outlined(pixels: Pixels, region: Region, networks: Networks) -> Points | None:
    """Return the outline of the lesion of a region on the image, within the image.

    One that encloses less than a pixel is none.
    """
    engine = networks.segmentation
    seen = answers.seen(engine, shown(pixels, region, networks, engine))
    around = with_room(region, engine.card.input.room)
    part = outlines.lesion(seen, _inside(around, pixels.shape, len(seen)))
    if not part.any():
        return None
    line = to_image(outlines.outline(seen, part), around, len(seen))
    found = _within(line, around.side / len(seen), pixels.shape)
    return found if area_of(found) >= 1 else None


def _within(line: Points, detail: float, shape: tuple[int, ...]) -> Points:
    """Return what of a line lies on the image, simplified; nothing where nothing is enclosed."""
    kept = np.clip(line, 0, shape[::-1])
    return _distinct(outlines.simplified(kept, detail).round(CORNER_DIGITS))


def _circle(region: Region, shape: tuple[int, ...]) -> Points:
    """Return a circle about the middle of a region, as much of it as there is of the image."""
    size = np.array(shape[::-1], float)
    radius = min(FALLBACK * region.side, *(size / 2))
    x, y = np.clip(region.centre, radius, size - radius)
    return _distinct(outlines.ellipse((float(x), float(y)), radius).round(CORNER_DIGITS))


def _inside(region: Region, shape: tuple[int, ...], side: int) -> Mask:
    """Return which pixels of a map of the region have their middle on the image."""
    middles = (np.arange(side) + 0.5) * (region.side / side)
    down, across = middles + region.top, middles + region.left
    rows, columns = shape
    made: Mask = ((down > 0) & (down < rows))[:, None] & ((across > 0) & (across < columns))
    return made


def _distinct(line: Points) -> Points:
    """Return a closed line without corners that repeat the one before."""
    made: Points = line[(line != np.roll(line, 1, axis=0)).any(axis=1)]
    return made
