"""Which detections and analyses were performed on which images (TID 4015 to 4018)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from engines.card import Card
from pipelines.results.cad_report.examination import Examination
from pipelines.results.cad_report.findings import identified
from pipelines.results.cad_report.library import listed
from pipelines.results.cad_report.terms import MASS
from pipelines.results.codes import Code, dcm
from pipelines.results.content import CONTAINS, HAS_PROPERTIES, INFERRED_FROM, coded, container
from pipelines.results.lesions import Reading

SUCCEEDED = dcm("111222", "Succeeded")
PARTIALLY_SUCCEEDED = dcm("111223", "Partially Succeeded")
FAILED = dcm("111224", "Failed")
NOT_ATTEMPTED = dcm("111225", "Not Attempted")
"""CID 6042."""

STATUS: Mapping[tuple[bool, bool], Code] = {
    (True, False): SUCCEEDED,
    (True, True): PARTIALLY_SUCCEEDED,
    (False, True): FAILED,
    (False, False): NOT_ATTEMPTED,
}
"""By whether anything succeeded and whether anything failed."""

IMPRESSION_ANALYSIS = dcm("111233", "Individual Impression / Recommendation Analysis")
"""CID 6043."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a model did, and on which images it succeeded and failed."""

    summary: Code
    successes: Code
    failures: Code
    performed: Code
    what: Code
    card: Card


def detections(examination: Examination) -> Dataset:
    """Return on which images masses were searched for: on none if somebody pointed them out."""
    step = _Step(
        dcm("111064", "Summary of Detections"),
        dcm("111063", "Successful Detections"),
        dcm("111025", "Failed Detections"),
        dcm("111022", "Detection Performed"),
        MASS.code(examination.form),
        examination.finder,
    )
    if examination.was_marked:
        return _summary(step, (), (), examination)
    return _summary(step, examination.analysed, examination.failed, examination)


def analyses(examination: Examination) -> Dataset:
    """Return on which images findings were judged: those that had any."""
    step = _Step(
        dcm("111065", "Summary of Analyses"),
        dcm("111062", "Successful Analyses"),
        dcm("111024", "Failed Analyses"),
        dcm("111004", "Analysis Performed"),
        IMPRESSION_ANALYSIS,
        examination.classifier,
    )
    judged = [reading for reading in examination.analysed if reading.findings]
    failed = examination.failed if examination.was_marked else ()
    return _summary(step, judged, failed, examination)


def _summary(
    step: _Step,
    succeeded: Sequence[Reading],
    failed: Sequence[Reading],
    examination: Examination,
) -> Dataset:
    item = coded(CONTAINS, step.summary, STATUS[bool(succeeded), bool(failed)])
    groups = [
        _group(title, step, readings, examination)
        for title, readings in ((step.successes, succeeded), (step.failures, failed))
        if readings
    ]
    if groups:
        item.ContentSequence = groups
    return item


def _group(
    title: Code, step: _Step, readings: Sequence[Reading], examination: Examination
) -> Dataset:
    performed = coded(CONTAINS, step.performed, step.what)
    performed.ContentSequence = [
        *identified(step.card, *examination.origin.parameters),
        *(listed(HAS_PROPERTIES, reading.image, examination) for reading in readings),
    ]
    group = container(title, [performed])
    group.RelationshipType = INFERRED_FROM
    return group
