"""The objects of a run as they lie on the disk, told apart by what they say they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MammographyCADSRStorage,
)

from engines.cad.finding import Points
from pipelines.mammogram.attributes import integer, items, text, values
from service.findings.tree import outline, walk
from service.ledger.reading import UNREADABLE

REPORTS = (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    MammographyCADSRStorage,
)
"""In the order in which they are believed: the first says the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A file and what it says, without its pixels."""

    path: Path
    header: Dataset

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return text(self.header, "SOPInstanceUID")

    @property
    def sop_class(self) -> str:
        """Its SOP Class UID."""
        return text(self.header, "SOPClassUID")

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns, 0 where there are none."""
        rows, columns = (integer(self.header, one) or 0 for one in ("Rows", "Columns"))
        return rows, columns

    @property
    def sources(self) -> list[str]:
        """The SOP Instance UIDs of the images that it was made of."""
        found = items(self.header, "SourceImageSequence")
        return [text(one, "ReferencedSOPInstanceUID") for one in found]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that nothing can be said of, by its name, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The result objects of a study, and the files among them that cannot be read."""

    objects: Sequence[Held] = ()
    unreadable: Sequence[Unreadable] = field(default=())

    def reports(self) -> list[Dataset]:
        """Return the structured reports, those first that say the most."""
        return [one.header for kind in REPORTS for one in self.objects if one.sop_class == kind]

    def enlargement_of(self, source: Held) -> Held | None:
        """Return the first image that was made of `source` and is a whole number larger, if any."""
        made = (one for one in self.objects if source.uid in one.sources)
        return next((one for one in made if scale_of(one, source) > 1), None)

    def outlines_on(self, image: Held) -> dict[str, Points]:
        """Return what presentation states draw on `image`, by Tracking UID."""
        return {
            text(graphic, "TrackingUID"): corners
            for state in self.objects
            if state.sop_class == GrayscaleSoftcopyPresentationStateStorage
            for graphic in _graphics(state.header, image.uid)
            if (corners := outline(graphic)) is not None
        }


def scale_of(large: Held, source: Held) -> int:
    """Return how many times an image is as large as its source, 0 where it is no whole number."""
    sizes = list(zip(large.size, source.size, strict=True))
    if not all(length and many % length == 0 for many, length in sizes):
        return 0
    rows, columns = (many // length for many, length in sizes)
    return rows if rows == columns else 0


def opened(paths: Sequence[Path]) -> Results:
    """Return what lies at `paths`; what cannot be read keeps nothing else from being."""
    found = [_opened(path) for path in paths]
    return Results(
        [one for one in found if isinstance(one, Held)],
        [one for one in found if isinstance(one, Unreadable)],
    )


def tracked(header: Dataset) -> set[str]:
    """Return the Tracking UIDs that an object names, wherever its kind of object does."""
    graphics = (
        graphic
        for annotation in items(header, "GraphicAnnotationSequence")
        for graphic in items(annotation, "GraphicObjectSequence")
    )
    named = [text(one, "TrackingUID") for one in (*items(header, "SegmentSequence"), *graphics)]
    return {*named, *(text(one, "UID") for one in walk(header))} - {""}


def made_by(objects: Sequence[Held]) -> list[str]:
    """Return the Software Versions of `objects`, each once: the release, then the models."""
    said = (str(one) for each in objects for one in values(each.header, "SoftwareVersions"))
    return list(dict.fromkeys(said))


def class_name(sop_class: str) -> str:
    """Return what the standard calls it."""
    return UID(sop_class).name.removesuffix(" Storage") if sop_class else "unknown"


def _opened(path: Path) -> Held | Unreadable:
    try:
        held = Held(path, dcmread(path, stop_before_pixels=True))
    except (OSError, *UNREADABLE) as error:
        return Unreadable(path.name, f"it cannot be read ({type(error).__name__})")
    return held if held.uid else Unreadable(path.name, "it does not say which object it is")


def _graphics(state: Dataset, image: str) -> Iterator[Dataset]:
    for annotation in items(state, "GraphicAnnotationSequence"):
        targets = items(annotation, "ReferencedImageSequence")
        if image in [text(one, "ReferencedSOPInstanceUID") for one in targets]:
            yield from items(annotation, "GraphicObjectSequence")
