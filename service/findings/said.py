"""What the reports of a study say, whichever of their forms is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from engines.cad.finding import Points
from pipelines.mammogram.attributes import text
from pipelines.results.codes import dcm
from pipelines.results.findings_report import CLASSES as CODES
from pipelines.results.measured_lesion import CERTAINTY, PROBABILITY, SQUARE_MILLIMETRE
from pipelines.results.outcomes import NONE
from pipelines.results.provenance import DISCLAIMER
from pipelines.results.quality_report import PIQE
from service.findings.tree import (
    amount,
    children,
    concept_of,
    images_of,
    is_named,
    named,
    outline,
    text_of,
    unit,
    value_of,
    walk,
)

TRACKING_IDENTIFIER = dcm("112039", "Tracking Identifier")
TRACKING_UID = dcm("112040", "Tracking Unique Identifier")
FINDING = dcm("121071", "Finding")
GROUP = dcm("125007", "Measurement Group")
SUMMARY = dcm("111017", "CAD Processing and Findings Summary")
COMMENT = dcm("121106", "Comment")
IMPRESSION = dcm("111033", "Impression Description")
FAILED = (dcm("111025", "Failed Detections"), dcm("111024", "Failed Analyses"))
NOT_ANALYSED = "Not analysed"

CLASSES = {(code.value, code.scheme): suspicious for suspicious, code in CODES.items()}
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


def lost(reports: Sequence[Dataset], found: Iterable[Mark]) -> list[str]:
    """Return what lesions are called that are stated, but of which no outline can be read."""
    known = {said for mark in found for said in (mark.uid, mark.identifier)}
    stated = (
        (text_of(named(item, TRACKING_IDENTIFIER)), _uid(item))
        for report in reports
        for item in walk(report)
        if named(item, PROBABILITY) is not None
    )
    names = (name or uid or "a lesion" for name, uid in stated if not known & {name, uid})
    return list(dict.fromkeys(names))


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
        if is_named(group, GROUP) and not any(_outlines(group)) and not named(group, SUMMARY)
        for statement in _statements(group, images_of(group, report))
    )
    return list(dict.fromkeys(found))


def examined(reports: Iterable[Dataset]) -> dict[str, str]:
    """Return the images that findings were sought on: empty, or why it could not be done."""
    found: dict[str, str] = {}
    for report in reports:
        for group, summary in _summaries(report):
            failed = value_of(summary) == NONE
            for image in _failed(report) if group is report else ():
                found.setdefault(image, NOT_ANALYSED)
            for image in _listed(report) if group is report else images_of(group, report):
                found.setdefault(image, _why(group) if failed else "")
    return found


def impressions(reports: Iterable[Dataset]) -> list[str]:
    """Return what `reports` say in words of the whole study, line by line, each once."""
    found = (
        line.strip()
        for report in reports
        for _, summary in _summaries(report)
        for line in text_of(named(summary, IMPRESSION)).splitlines()
    )
    return [line for line in dict.fromkeys(found) if line and line != DISCLAIMER]


def library(reports: Iterable[Dataset]) -> list[str]:
    """Return the images of the CAD reports among `reports`, as these number them in words."""
    found = (
        image
        for report in reports
        for group, _ in _summaries(report)
        if group is report
        for image in _listed(report)
    )
    return list(dict.fromkeys(found))


def _summaries(report: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Yield the items that say how the search for findings ended: groups, or a report's root."""
    for group in walk(report):
        summary = named(group, SUMMARY)
        if summary is not None:
            yield group, summary


def _listed(report: Dataset) -> Iterator[str]:
    """Yield the images of a CAD report, in the order of its library."""
    return (image for item in walk(report) for image in images_of(item, report))


def _failed(report: Dataset) -> Iterator[str]:
    """Yield the images that a CAD report says could not be analysed."""
    for group in walk(report):
        if any(is_named(group, code) for code in FAILED):
            for item in walk(group):
                yield from images_of(item, report)


def _why(group: Dataset) -> str:
    return text_of(named(group, COMMENT)).rstrip(".") or NOT_ANALYSED


def _marks(report: Dataset) -> Iterator[Mark]:
    for parent in walk(report):
        for region in _outlines(parent):
            corners, where = outline(region), images_of(region, report)
            if corners is not None and where:
                yield _mark(parent, where[0], corners)


def _outlines(parent: Dataset) -> Iterator[Dataset]:
    return (one for one in children(parent) if text(one, "GraphicType") == "POLYLINE")


def _mark(parent: Dataset, image: str, corners: Points) -> Mark:
    return Mark(
        image,
        text_of(named(parent, TRACKING_IDENTIFIER)),
        _uid(parent),
        corners,
        amount(named(parent, PROBABILITY)),
        amount(named(parent, CERTAINTY)),
        _area(parent),
        _is_suspicious(children(parent)),
    )


def _uid(parent: Dataset) -> str:
    item = named(parent, TRACKING_UID)
    return text(item, "UID") if item is not None else ""


def _area(parent: Dataset) -> float | None:
    """Return a size in mm2, whatever the form of the report calls it."""
    sizes = (one for one in children(parent) if unit(one) == SQUARE_MILLIMETRE.value)
    return amount(next(sizes, None))


def _is_suspicious(said: Sequence[Dataset]) -> bool | None:
    """Return what a class of ours says; where there is none, what a rendering intent does."""
    codes = [(code.value, code.scheme) for one in said if (code := value_of(one))]
    stated = (known[code] for known in (CLASSES, INTENTS) for code in codes if code in known)
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
    return code.meaning if code else text_of(item)
