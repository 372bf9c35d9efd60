"""Lesions with a known outline, and the objects that show them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from answering import card
from doubling import CARD, DoublingEngine
from numpy.typing import NDArray
from phantoms import Phantom
from pydicom import Dataset

from engines.cad.finding import Finding, Points, Region
from engines.card import Card, Label
from pipelines.display import voi
from pipelines.kinds import Kind
from pipelines.mammogram.read import read
from pipelines.pipeline import Product
from pipelines.results.encode import jpeg_ls
from pipelines.results.lesion_segmentation import lesion_segmentation
from pipelines.results.lesions import Lesion, Reading, lesions
from pipelines.results.overlay import overlay
from pipelines.results.presentation_state import presentation_state
from pipelines.results.provenance import Origin
from pipelines.super_resolution import FORMS, enlarged, forms_of

MASS = (Label(name="mass"),)
DETECTOR = card("segmentation", MASS, name="finder", version="7")
SEGMENTER = card("segmentation", MASS, name="outliner", version="5")
CLASSIFIER = card("classification", MASS, name="judge")
CHAIN = (DETECTOR, CARD, SEGMENTER, CLASSIFIER)


def origin_of(image: Dataset, cards: Sequence[Card] = CHAIN, **changes: object) -> Origin:
    stated = {
        "product": Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
        "site_key": b"a key of this site",
        "made_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return Origin(source=image, cards=cards, **{**stated, **changes})


def found(outline: Points, probability: float = 0.874) -> Finding:
    corners = np.asarray(outline, np.float64)
    return Finding(Region(0, 0, 8), corners, 0.9, probability, is_suspicious=True)


def lesions_of(image: Dataset, *outlines: Points, probability: float = 0.874) -> list[Lesion]:
    """Return a lesion of each outline, (corners, 2) of x and y from the outer corner on."""
    readings = [Reading(image, [found(outline, probability) for outline in outlines])]
    return lesions(readings, origin_of(image))


def outline_of(truth: Phantom) -> Points:
    """Return the mass of a phantom: where it is drawn, 0, 0 is the middle of the first pixel."""
    return truth.mass.outline[:, ::-1].astype(np.float64) + 0.5


def circle(x: float, y: float, radius: float) -> Points:
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return np.stack([x + radius * np.cos(turns), y + radius * np.sin(turns)], axis=1)


def forms_made(image: Dataset) -> dict[Kind, Dataset]:
    """Return all the forms of `image`, doubled, that it has."""
    grey = read(image)
    large = enlarged(grey, DoublingEngine())
    made = large, voi(image, grey), jpeg_ls(large.pixels), origin_of(image, [CARD])
    return {form: FORMS[form](*made) for form in forms_of(image, frozenset(Kind))}


def shown_on(image: Dataset, *outlines: Points) -> list[Dataset]:
    """Return all objects that show lesions of these outlines, and the images that they refer to."""
    grey, origin, here = read(image), origin_of(image), lesions_of(image, *outlines)
    forms = forms_made(image).values()
    return [
        lesion_segmentation(here, origin),
        overlay(grey, voi(image, grey), here, origin),
        presentation_state(image, here, origin),
        *(presentation_state(form, here, origin) for form in forms),
        *forms,
    ]


def inside(outline: Points, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie inside: a ray crosses the line an odd number of times."""
    crossed = np.zeros(np.broadcast(x, y).shape, np.bool_)
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y1 != y2:
            spans = (y1 > y) != (y2 > y)
            crossed ^= spans & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return crossed


def covered(outline: Points, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose middle is inside."""
    rows, columns = shape
    return inside(outline, np.arange(columns)[None, :] + 0.5, np.arange(rows)[:, None] + 0.5)


def middle(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the centre of mass of a mask, (x, y) from the outer corner of the first pixel on."""
    rows, columns = np.nonzero(mask)
    return columns.mean() + 0.5, rows.mean() + 0.5


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the intersection over the union."""
    return float((one & other).sum() / (one | other).sum())
