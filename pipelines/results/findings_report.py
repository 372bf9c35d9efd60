"""Findings on the images of a study as a Measurement Report (PS3.16 TID 1500)."""

from collections.abc import Iterator, Sequence

from pydicom import Dataset

from engines.card import Card
from pipelines.kinds import Kind
from pipelines.mammogram.attributes import text
from pipelines.results.codes import BREAST, LEFT_OR_RIGHT, MASS, PERCENT, PRIVATE_SCHEME, Code, dcm
from pipelines.results.content import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    closed_line,
    coded,
    image_of,
    image_selected,
    measured,
    text_of,
)
from pipelines.results.derived_image import side_of
from pipelines.results.lesions import Lesion, Reading
from pipelines.results.measured_lesion import (
    CERTAINTY,
    PROBABILITY,
    SQUARE_MILLIMETRE,
    area_of,
    corners_of,
    finder,
    percent,
)
from pipelines.results.measurement_report import (
    algorithm,
    measurement_group,
    study_report,
)
from pipelines.results.outcomes import outcome_of
from pipelines.results.provenance import Origin, digest
from pipelines.results.series import Series

SERIES = Series("findings", 9206, "AI findings RESEARCH")

SITE = Code("363698007", "SCT", "Finding Site")
LATERALITY = Code("272741003", "SCT", "Laterality")
AREA = Code("131184002", "SCT", "Area of defined region")

CLASS = Code("AICLASS", PRIVATE_SCHEME, "AI class of the finding")
CLASSES = {
    True: Code("SUSPICIOUS", PRIVATE_SCHEME, "At or above the operating point (suspicious)"),
    False: Code("LOWRISK", PRIVATE_SCHEME, "Below the operating point"),
}
"""By whether a finding is suspicious."""


def findings_report(
    readings: Sequence[Reading], lesions: Sequence[Lesion], origin: Origin, form: Kind
) -> Dataset:
    """Return the report of a study: a group for each lesion, and one for each image.

    An image without findings can so be told from one that was not analysed.
    """
    found_by = finder(readings, origin)
    groups = [_lesion(lesion, found_by, origin) for lesion in lesions]
    groups += [
        _image(number, reading, lesions, origin) for number, reading in enumerate(readings, 1)
    ]
    return study_report(
        SERIES, [reading.image for reading in readings], groups, origin, _outcome(groups), form
    )


def _outcome(groups: Sequence[Dataset]) -> list[str]:
    return [digest(group.to_json().encode()) for group in groups]


def _lesion(lesion: Lesion, found_by: Card, origin: Origin) -> Dataset:
    """Return TID 1410: where a lesion is, and what was measured."""
    finding, region = lesion.finding, dcm("111030", "Image Region")
    return measurement_group(
        lesion.identifier,
        lesion.uid,
        [
            coded(CONTAINS, dcm("121071", "Finding"), MASS),
            *_model(found_by),
            closed_line(CONTAINS, region, corners_of(lesion), image_selected(lesion.image)),
            *_site(lesion.image),
            *_measurements(lesion, origin),
            coded(CONTAINS, CLASS, CLASSES[finding.is_suspicious]),
        ],
    )


def _measurements(lesion: Lesion, origin: Origin) -> Iterator[Dataset]:
    """Yield the numbers, each with the model it is from if that is not the one of the group."""
    area, certainty = area_of(lesion), lesion.finding.certainty
    if area is not None:
        yield measured(CONTAINS, AREA, area, SQUARE_MILLIMETRE)
    if certainty is not None:
        yield measured(CONTAINS, CERTAINTY, percent(certainty), PERCENT)
    probability = measured(CONTAINS, PROBABILITY, percent(lesion.finding.probability), PERCENT)
    probability.ContentSequence = list(_model(origin.cards[-1]))
    yield probability


def _image(number: int, reading: Reading, lesions: Sequence[Lesion], origin: Origin) -> Dataset:
    """Return TID 1501: whether an image was analysed, and whether anything was found.

    It has no numbers: some viewers read no report with a number that no region goes with.
    """
    uid = origin.uid("tracking", text(reading.image, "SOPInstanceUID"), SERIES.name)
    summary = dcm("111017", "CAD Processing and Findings Summary")
    return measurement_group(
        f"Image {number}",
        uid,
        [
            *_model(finder([reading], origin)),
            image_of(reading.image, dcm("121112", "Source of Measurement")),
            coded(CONTAINS, summary, outcome_of([reading])),
            text_of(CONTAINS, dcm("121106", "Comment"), _comment(reading, lesions)),
        ],
    )


def _comment(reading: Reading, lesions: Sequence[Lesion]) -> str:
    if reading.failure:
        return f"Not analysed (code {reading.failure})."
    names = [lesion.identifier for lesion in lesions if lesion.image is reading.image]
    said = f"Findings: {', '.join(names)}." if names else "No findings."
    return f"{said} Only marked regions were analysed." if reading.is_marked else said


def _site(image: Dataset) -> Iterator[Dataset]:
    """Yield the breast, the left or the right one where that is known."""
    if text(image, "Modality") != "MG":
        return
    site, side = coded(HAS_CONCEPT_MOD, SITE, BREAST), LEFT_OR_RIGHT.get(side_of(image))
    if side is not None:
        site.ContentSequence = [coded(HAS_CONCEPT_MOD, LATERALITY, side)]
    yield site


def _model(card: Card) -> Iterator[Dataset]:
    yield from algorithm(
        HAS_CONCEPT_MOD, (card.name, card.version, f"weights sha256 {card.sha256}")
    )
