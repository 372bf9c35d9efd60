"""What a study's objects say of the same lesion: its name and its UID, the same in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from pydicom import Dataset
from pydicom.uid import UID

from engines.cad.finding import Finding
from pipelines.mammogram.attributes import text
from pipelines.results.provenance import Origin


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What came of one image: findings, or a short code for why it could not be analysed."""

    image: Dataset
    findings: Sequence[Finding] = ()
    failure: str = ""
    is_marked: bool = False
    """Somebody else said where to look on it, so that nothing was searched for."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """A finding on its image, with its Tracking ID and Tracking UID."""

    image: Dataset
    finding: Finding
    identifier: str
    uid: UID


def lesions(readings: Sequence[Reading], origin: Origin) -> list[Lesion]:
    """Return the findings of `readings` in their order, numbered through the study."""
    numbers = count(1)
    return [
        Lesion(reading.image, finding, f"Lesion {next(numbers)}", _uid(reading, finding, origin))
        for reading in readings
        for finding in reading.findings
    ]


def _uid(reading: Reading, finding: Finding, origin: Origin) -> UID:
    """Return the Tracking UID: another for another outline, model or image."""
    outline = " ".join(f"{value:.2f}" for value in finding.outline.ravel())
    return origin.uid("lesion", text(reading.image, "SOPInstanceUID"), outline)
