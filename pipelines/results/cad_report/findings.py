"""What was found: an impression for each lesion, with the finding on its image (TID 4003, 4006)."""

from collections.abc import Iterator

from pydicom import Dataset

from engines.card import Card
from pipelines.results.cad_report.examination import Examination
from pipelines.results.cad_report.library import listed
from pipelines.results.cad_report.terms import AREA, MASS
from pipelines.results.codes import PERCENT, Code, dcm
from pipelines.results.content import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    SELECTED_FROM,
    closed_line,
    coded,
    container,
    measured,
    point,
    text_of,
    uid_of,
)
from pipelines.results.lesions import Lesion
from pipelines.results.measured_lesion import (
    CERTAINTY,
    PROBABILITY,
    SQUARE_MILLIMETRE,
    area_of,
    corners_of,
    percent,
)
from pipelines.results.measurement_report import algorithm

REQUIRED = dcm("111150", "Presentation Required: Rendering device is expected to present")
OPTIONAL = dcm("111151", "Presentation Optional: Rendering device may present")
"""CID 6034. No operating point goes with an optional one: no maximum is stated (TID 4023)."""


def impressions(examination: Examination) -> list[Dataset]:
    """Return one impression for each lesion, by image."""
    return [
        _impression(lesion, examination)
        for image in examination.images
        for lesion in examination.on(image)
    ]


def identified(card: Card, *parameters: str) -> Iterator[Dataset]:
    """Yield the name, version and weights of a model, and what else tells how it was used."""
    said = (card.name, card.version, f"weights sha256 {card.sha256}", *parameters)
    yield from algorithm(HAS_PROPERTIES, said)


def _impression(lesion: Lesion, examination: Examination) -> Dataset:
    impression = container(
        dcm("111034", "Individual Impression/Recommendation"),
        [_intent(lesion), _finding(lesion, examination)],
    )
    impression.RelationshipType = INFERRED_FROM
    return impression


def _finding(lesion: Lesion, examination: Examination) -> Dataset:
    item = coded(CONTAINS, dcm("111059", "Single Image Finding"), MASS.code(examination.form))
    item.ContentSequence = [
        _intent(lesion),
        text_of(HAS_OBS_CONTEXT, dcm("112039", "Tracking Identifier"), lesion.identifier),
        uid_of(HAS_OBS_CONTEXT, dcm("112040", "Tracking Unique Identifier"), lesion.uid),
        *_found_by(examination),
        *_sureness(lesion),
        *_place(lesion, examination),
        *_size(lesion, examination),
    ]
    return item


def _intent(lesion: Lesion) -> Dataset:
    intent = REQUIRED if lesion.finding.is_suspicious else OPTIONAL
    return coded(HAS_CONCEPT_MOD, dcm("111056", "Rendering Intent"), intent)


def _found_by(examination: Examination) -> Iterator[Dataset]:
    """Yield the one algorithm that a finding can have, and as its parameters what else there is."""
    classifier = examination.classifier
    judged = (
        f"probability by {classifier.name} {classifier.version}, weights sha256 {classifier.sha256}"
    )
    marked = ["in a region that was marked beforehand"] if examination.was_marked else []
    yield from identified(examination.finder, judged, *marked)


def _sureness(lesion: Lesion) -> Iterator[Dataset]:
    certainty = lesion.finding.certainty
    if certainty is not None:
        yield measured(HAS_PROPERTIES, CERTAINTY, percent(certainty), PERCENT)
    probability = percent(lesion.finding.probability)
    yield measured(HAS_PROPERTIES, PROBABILITY, probability, PERCENT)


def _place(lesion: Lesion, examination: Examination) -> Iterator[Dataset]:
    image = listed(SELECTED_FROM, lesion.image, examination)
    yield point(HAS_PROPERTIES, dcm("111010", "Center"), lesion.finding.centre, image)
    image = listed(SELECTED_FROM, lesion.image, examination)
    yield closed_line(HAS_PROPERTIES, dcm("111041", "Outline"), corners_of(lesion), image)


def _size(lesion: Lesion, examination: Examination) -> Iterator[Dataset]:
    """Yield the area where pixels have a size (TID 4011, an option that says nothing else here)."""
    area = area_of(lesion)
    if area is not None:
        concept: Code = AREA.code(examination.form)
        yield measured(HAS_PROPERTIES, concept, area, SQUARE_MILLIMETRE)
