"""From the pixels of a mammogram to findings: detect, enlarge, outline and judge."""

from dataclasses import dataclass

import numpy as np

from engines.cad import answers, outlines
from engines.cad.breast import Mask
from engines.cad.detection import Limits, candidates, chain_of
from engines.cad.finding import Finding, Points, Region, area_of
from engines.cad.region import cut, to_image
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

    A region in which no lesion is outlined is given a circle half as wide around its middle.

    Raises:
        AnswerError: a network does not answer as its card says.
        CardError: the detector's card has no chain.
        ValueError: the region lies beyond the image.
    """
    chain = chain_of(networks.detector.card)
    picture = enlarged_region(pixels, region, networks.super_resolution)
    outline = _outlined(picture, region, pixels.shape, networks.segmentation)
    fitted = _fitted(picture, networks.classification)
    probability = answers.probability(networks.classification, fitted, chain.class_label)
    probability = round(probability, CERTAINTY_DIGITS)
    return Finding(
        region=region,
        outline=outline,
        certainty=None if certainty is None else round(certainty, CERTAINTY_DIGITS),
        probability=probability,
        is_suspicious=probability >= chain.suspicious,
    )


def enlarged_region(pixels: Pixels, region: Region, super_resolution: Engine) -> Shades:
    """Return `region` of an image, 0..1, as the other networks are shown it.

    Raises:
        AnswerError: the network does not answer as its card says.
        ValueError: the region lies beyond the image.
    """
    if not _on(region, pixels.shape):
        raise ValueError(f"{region} lies beyond an image of {pixels.shape}")
    card = super_resolution.card
    side = REGION_SIDE if card.halo else card.tile
    return answers.enlarged(super_resolution, cut(pixels, region, side))


def _on(region: Region, shape: tuple[int, ...]) -> bool:
    rows, columns = shape
    across = -region.side < region.left < columns
    return region.side > 0 and across and -region.side < region.top < rows


def _fitted(picture: Shades, engine: Engine) -> Shades:
    side = answers.side_of(engine.card)
    return resized(picture, (side, side))


def _outlined(picture: Shades, region: Region, shape: tuple[int, ...], engine: Engine) -> Points:
    """Return the outline of the lesion of a region on the image, within the image.

    One that encloses less than a pixel is none.
    """
    seen = answers.seen(engine, _fitted(picture, engine))
    part = outlines.lesion(seen, _inside(region, shape, len(seen)))
    if not part.any():
        return _circle(region, shape)
    line = to_image(outlines.outline(seen, part), region, len(seen))
    found = _within(line, region.side / len(seen), shape)
    return found if area_of(found) >= 1 else _circle(region, shape)


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
