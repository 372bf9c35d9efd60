"""What is measured of a lesion, the same in every report."""

from collections.abc import Iterable

import numpy as np

from engines.cad.finding import Points
from engines.card import Card
from pipelines.results.codes import Code, dcm
from pipelines.results.derived_image import spacing_of
from pipelines.results.lesion_segmentation import segmenter
from pipelines.results.lesions import Lesion, Reading
from pipelines.results.provenance import Origin

PROBABILITY = dcm("111047", "Probability of cancer")
CERTAINTY = dcm("111012", "Certainty of Finding")

SQUARE_MILLIMETRE = Code("mm2", "UCUM", "Square millimeter")
DECIMALS = 2


def percent(share: float) -> float:
    """Return a share, 0..1, in percent."""
    return round(100 * float(share), DECIMALS)


def area_of(lesion: Lesion) -> float | None:
    """Return what the outline encloses in mm2, None where the size of pixels is not known."""
    spacing = spacing_of(lesion.image)
    if not spacing:
        return None
    height, width = spacing
    return round(lesion.finding.area * height * width, DECIMALS)


def corners_of(lesion: Lesion) -> Points:
    """Return the corners of the outline, within the image."""
    inside: Points = np.clip(lesion.finding.outline, 0, (lesion.image.Columns, lesion.image.Rows))
    return inside


def were_marked(readings: Iterable[Reading]) -> bool:
    """Return whether somebody else said where to look, so that nothing was searched for."""
    return any(reading.is_marked for reading in readings)


def finder(readings: Iterable[Reading], origin: Origin) -> Card:
    """Return the model that finds lesions: where they were marked, the one that outlines them."""
    return segmenter(origin) if were_marked(readings) else origin.card
