"""What came back, as the demo prints it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import UID, Comprehensive3DSRStorage

from service.ledger.records import Job, Result

PIQE_BEFORE, PIQE_AFTER = "before", "after"
IMAGE, REPORT = "super-resolved image", "quality report"


@dataclass(frozen=True, slots=True)
class Returned:
    """One object as the PACS holds it."""

    view: str
    what: str
    """In our words."""
    sop_class: str
    """In the standard's."""
    sop_instance_uid: str
    path: Path
    size: int
    rows: int
    columns: int
    piqe: dict[str, float]
    """Only in a quality report: ``before`` and ``after``."""


def returned(view: str, result: Result, path: Path) -> Returned:
    """Return what the PACS's copy of `result` says of itself."""
    held = dcmread(path, stop_before_pixels=True)
    return Returned(
        view=view,
        what=REPORT if result.sop_class_uid == Comprehensive3DSRStorage else IMAGE,
        sop_class=UID(result.sop_class_uid).name,
        sop_instance_uid=result.sop_instance_uid,
        path=path,
        size=path.stat().st_size,
        rows=held.get("Rows", 0),
        columns=held.get("Columns", 0),
        piqe=piqe_values(held),
    )


def piqe_values(report: Dataset) -> dict[str, float]:
    """Return the PIQE ``before`` and ``after`` that a quality report states; {} if it is none."""
    numbers = [item for item in _items(report) if item.get("ValueType") == "NUM"]
    values = [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in numbers
        if item.MeasuredValueSequence
    ]
    pair = 2
    return {PIQE_BEFORE: values[0], PIQE_AFTER: values[1]} if len(values) == pair else {}


def stage_seconds(jobs: Sequence[Job]) -> dict[str, list[float]]:
    """Return the seconds of each stage, job by job, in the order the stages ran."""
    stages = list(dict.fromkeys(stage for job in jobs for stage in job.stages))
    return {stage: [job.stages.get(stage, 0.0) for job in jobs] for stage in stages}


def _items(dataset: Dataset) -> Iterator[Dataset]:
    for item in dataset.get("ContentSequence", []):
        yield item
        yield from _items(item)
