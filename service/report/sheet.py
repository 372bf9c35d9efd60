"""What the page shows, in words and numbers as a reader sees them: the template adds none."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.findings.held import Unreadable
from service.report.pictures import Box


@dataclass(frozen=True, slots=True)
class Line:
    """An outline over a picture, in pixels of the source, and where its label stands."""

    label: str
    points: str
    label_x: float
    label_y: float
    anchor: str
    """As SVG's ``text-anchor``."""
    is_suspicious: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A file beside the page that shows `box` of an image, and what is drawn over it."""

    title: str
    alt: str
    file: str
    box: Box
    lines: Sequence[Line]
    bar: float = 0.0
    """Pixels of the source that 10 mm are, 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Why there is no picture."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A name and what is known under it; `is_main` is what a reader looks for first."""

    name: str
    value: str
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion, its crops and what is stated of it."""

    anchor: str
    title: str
    verdict: str
    is_suspicious: bool
    probability: str
    crops: Sequence[Picture | Gap]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Image:
    """A source image, what is known of it and what was found on it.

    `crops` are of an image on which nobody looked for lesions.
    """

    anchor: str
    title: str
    verdict: str
    rows: Sequence[Row]
    picture: Picture | Gap
    lesions: Sequence[Lesion]
    crops: Sequence[Picture | Gap]


@dataclass(frozen=True, slots=True)
class File:
    """A result object: `names` are the lesions that it names by their Tracking UID."""

    name: str
    what: str
    description: str
    size: str
    lesions: str


@dataclass(frozen=True, slots=True)
class Study:
    """A study, its images and the objects that were made of it."""

    anchor: str
    date: str
    uid: str
    remarks: Sequence[str]
    impression: Sequence[str]
    """What the reports say in words."""
    images: Sequence[Image]
    files: Sequence[File]
    unreadable: Sequence[Unreadable]
    made_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class Left:
    """A file that was skipped, or failed."""

    name: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """All of a run."""

    disclaimer: str
    studies: Sequence[Study]
    left: Sequence[Left]
