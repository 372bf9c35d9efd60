"""What the reports of a study say, whichever of their forms is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from engines.cad.finding import Points
from pipelines.mammogram.attributes import text
from pipelines.results.codes import PRIVATE_SCHEME, Code, dcm
from pipelines.results.quality_report import PIQE
from service.report.tree import (
    amount,
    children,
    concept_of,
    images_of,
    is_named,
    named,
    outline,
    unit,
    value_of,
    walk,
)

TRACKING_IDENTIFIER = dcm("112039", "Tracking Identifier")
TRACKING_UID = dcm("112040", "Tracking Unique Identifier")
PROBABILITY = dcm("111047", "Probability of cancer")
CERTAINTY = dcm("111012", "Certainty of Finding")
AREA = Code("131184002", "SCT", "Area of defined region")
FINDING = dcm("121071", "Finding")
GROUP = dcm("125007", "Measurement Group")
SUSPICIOUS = {("SUSPICIOUS", PRIVATE_SCHEME): True, ("LOWRISK", PRIVATE_SCHEME): False}
INTENTS = {("111150", "DCM"): True, ("111151", "DCM"): False}
"""Of a CAD report: what is not suspicious need not be shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A lesion as a report states it, on an image, in its pixels; None where nothing is stated.

    Probability and certainty are percents, the area is in mm2.
    """

    image: str
    identifier: str
    uid: str
    outline: Points
    probability: float | None
    certainty: float | None
    area: float | None
    is_suspicious: bool | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a report says of a whole image: `name` is empty where it only says what `value` is."""

    image: str
    finding: str
    name: str
    value: str


def marks(reports: Iterable[Dataset]) -> list[Mark]:
    """Return the lesions of `reports`, each once: what an earlier report states of it holds."""
    found: dict[tuple[str, str], Mark] = {}
    for report in reports:
        for mark in _marks(report):
            found.setdefault((mark.image, mark.uid or mark.identifier), mark)
    return list(found.values())


def scores(reports: Iterable[Dataset]) -> dict[str, float]:
    """Return the PIQE that `reports` state, by SOP Instance UID."""
    return {
        image: score
        for report in reports
        for group in walk(report)
        for image in images_of(group, report)
        if (score := amount(named(group, PIQE))) is not None
    }


def statements(reports: Iterable[Dataset]) -> list[Statement]:
    """Return what else `reports` say of images and of no lesion on them, each once."""
    found = (
        statement
        for report in reports
        for group in walk(report)
        if is_named(group, GROUP) and not any(_outlines(group))
        for statement in _statements(group, images_of(group, report))
    )
    return list(dict.fromkeys(found))


def is_about(reports: Iterable[Dataset], image: str) -> bool:
    """Return whether any report of findings is about an image, even if it found none there."""
    return any(
        image in images_of(item, report)
        for report in reports
        if not any(named(group, PIQE) for group in walk(report))
        for item in walk(report)
    )


def _marks(report: Dataset) -> Iterator[Mark]:
    for parent in walk(report):
        for region in _outlines(parent):
            corners, where = outline(region), images_of(region, report)
            if corners is not None and where:
                yield _mark(parent, where[0], corners)


def _outlines(parent: Dataset) -> Iterator[Dataset]:
    return (one for one in children(parent) if text(one, "GraphicType") == "POLYLINE")


def _mark(parent: Dataset, image: str, corners: Points) -> Mark:
    identifier, uid = (named(parent, code) for code in (TRACKING_IDENTIFIER, TRACKING_UID))
    return Mark(
        image,
        text(identifier, "TextValue") if identifier else "",
        text(uid, "UID") if uid else "",
        corners,
        amount(named(parent, PROBABILITY)),
        amount(named(parent, CERTAINTY)),
        amount(named(parent, AREA)),
        _is_suspicious(children(parent)),
    )


def _is_suspicious(said: Sequence[Dataset]) -> bool | None:
    """Return what a class of ours says; where there is none, what a rendering intent does."""
    codes = [(code.value, code.scheme) for one in said if (code := value_of(one))]
    stated = (known[code] for known in (SUSPICIOUS, INTENTS) for code in codes if code in known)
    return next(stated, None)


def _statements(group: Dataset, images: Sequence[str]) -> Iterator[Statement]:
    finding = named(group, FINDING)
    code = value_of(finding) if finding else None
    for item in children(group):
        concept, stated = concept_of(item), _stated(item)
        if concept is None or not stated or is_named(item, PIQE) or is_named(item, FINDING):
            continue
        for image in images:
            yield Statement(image, code.meaning if code else "", concept.meaning, stated)


def _stated(item: Dataset) -> str:
    """Return a number with its unit, or the meaning of a code, where `item` contains one."""
    if text(item, "RelationshipType") != "CONTAINS":
        return ""
    found = amount(item)
    if found is not None:
        return f"{found:g} {unit(item)}".rstrip()
    code = value_of(item)
    return code.meaning if code else text(item, "TextValue")
