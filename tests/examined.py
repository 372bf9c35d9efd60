"""Studies as the networks of the CAD may have left them, and what reports say of them."""

from collections.abc import Iterator

import numpy as np
from answering import card
from doubling import CARD, context
from phantoms import mammogram, study
from pydicom import Dataset
from reread import reread

from engines.cad.finding import Finding, Region
from engines.card import Label
from pipelines.results.cad_report import cad_report
from pipelines.results.findings_report import findings_report
from pipelines.results.lesions import Reading, lesions
from pipelines.results.provenance import Origin

LABELS = (Label(name="benign"), Label(name="malignant"))
DETECTOR = card("segmentation", [Label(name="mass")], name="finder", sha256="a" * 64)
SEGMENTER = card("segmentation", [Label(name="mass")], name="outliner", sha256="b" * 64)
CLASSIFIER = card("classification", LABELS, name="judge", sha256="c" * 64)
CARDS = (DETECTOR, CARD, SEGMENTER, CLASSIFIER)


def finding(x: float = 60, y: float = 80, **changes: object) -> Finding:
    """Return a suspicious lesion of 20 by 10 pixels around (x, y)."""
    corners = [(-10, -5), (10, -5), (10, 5), (-10, 5)]
    stated = {
        "region": Region(int(x) - 16, int(y) - 16, 32),
        "outline": np.array([(x + across, y + down) for across, down in corners], np.float64),
        "certainty": 0.9,
        "probability": 0.75,
        "is_suspicious": True,
    }
    return Finding(**{**stated, **changes})


def unsuspicious(x: float = 100, y: float = 120, **changes: object) -> Finding:
    return finding(x, y, **{"probability": 0.125, "is_suspicious": False, **changes})


def pointed_out(x: float = 60, y: float = 80) -> Finding:
    return finding(x, y, certainty=None)


def views() -> list[Dataset]:
    """Return the four views of one woman, as they are read."""
    return [reread(image) for image in study(rows=256, columns=208)]


def with_findings(images: list[Dataset]) -> list[Reading]:
    """Return two findings on the first image, one on the second, none on the others."""
    first, second, *others = images
    return [
        Reading(first, [finding(), unsuspicious()]),
        Reading(second, [finding(90, 90)]),
        *(Reading(image) for image in others),
    ]


def without(images: list[Dataset]) -> list[Reading]:
    return [Reading(image) for image in images]


def partly(images: list[Dataset]) -> list[Reading]:
    """Return findings, and that the last image could not be read."""
    return [*with_findings(images)[:-1], Reading(images[-1], failure="PIXELS")]


def partly_without(images: list[Dataset]) -> list[Reading]:
    return [*without(images)[:-1], Reading(images[-1], failure="NETWORK")]


def failed(images: list[Dataset]) -> list[Reading]:
    return [Reading(image, failure="PIXELS") for image in images]


def marked(images: list[Dataset]) -> list[Reading]:
    """Return what was seen in a region that somebody marked on the first image."""
    return [Reading(images[0], [pointed_out()], is_marked=True)]


OUTCOMES = {
    "findings": with_findings,
    "none": without,
    "partly": partly,
    "partly-none": partly_without,
    "failed": failed,
    "marked": marked,
}


def origin_of(readings: list[Reading], cards=CARDS, **changes: object) -> Origin:
    return Origin.of(readings[0].image, cards, context(**changes), ("0.3 4 0.5",))


def cad(readings, form, predecessors=(), **changes) -> Dataset:
    """Return the CAD report of `readings`."""
    origin = origin_of(readings, **changes)
    return cad_report(readings, lesions(readings, origin), origin, form, predecessors)


def measured(readings, form, **changes) -> Dataset:
    """Return the Measurement Report of `readings`."""
    origin = origin_of(readings, **changes)
    return findings_report(readings, lesions(readings, origin), origin, form)


def bare(view: str = "LCC") -> Dataset:
    """Return a mammogram without side, view, orientation and size of pixels."""
    image = mammogram(view)
    for keyword in (
        "ImageLaterality",
        "Laterality",
        "ViewCodeSequence",
        "ViewPosition",
        "PatientOrientation",
        "ImagerPixelSpacing",
        "PixelSpacing",
    ):
        if keyword in image:
            delattr(image, keyword)
    return reread(image)


def below(item: Dataset) -> Iterator[Dataset]:
    """Yield all content items below `item`, parents first."""
    for child in item.get("ContentSequence", []):
        yield child
        yield from below(child)


def concept(item: Dataset) -> str:
    """Return the meaning of what an item is called, nothing where it has no name."""
    return item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else ""


def named(item: Dataset, meaning: str) -> list[Dataset]:
    """Return the items below `item` that are called so."""
    return [one for one in below(item) if concept(one) == meaning]


def value(item: Dataset) -> object:
    """Return what an item says: the meaning of a code, a number, a text."""
    if "ConceptCodeSequence" in item:
        return item.ConceptCodeSequence[0].CodeMeaning
    if "MeasuredValueSequence" in item:
        return float(item.MeasuredValueSequence[0].NumericValue)
    return next(item[one].value for one in ("TextValue", "UID", "Date", "Time") if one in item)


def said(item: Dataset, meaning: str) -> list[object]:
    """Return what the items below `item` that are called so say."""
    return [value(one) for one in named(item, meaning)]
