"""What a pipeline is, and what it needs beyond the images."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, Self

from pydicom import Dataset

from engines.cad.finding import Region
from engines.card import Card
from engines.engine import Engine
from pipelines.kinds import USUAL, Kind, Made

ON_REGIONS = "@regions"
"""Behind the name of a network: it is run on regions as large as its window, no whole images."""


@dataclass(frozen=True, slots=True)
class Product:
    """This installation, as it signs its results."""

    version: str
    device_serial_number: str
    station_name: str


@dataclass(frozen=True, slots=True)
class Document:
    """A report that was made before."""

    kind: Kind
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str

    @classmethod
    def of(cls, made: Made) -> Self:
        """Return what a later report cites of a report that was made."""
        report = made.dataset
        return cls(
            made.kind,
            str(report.SOPClassUID),
            str(report.SOPInstanceUID),
            str(report.SeriesInstanceUID),
            str(report.StudyInstanceUID),
        )


def untimed(_stage: str) -> nullcontext[None]:
    """Return what wraps a stage where nobody wants to know how long it takes."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Context:
    """What a pipeline needs beyond the images.

    `engine_of` opens a network by its name; `site_key` keys the hash of derived UIDs; `made_at` is
    when the job was created, so that the same job gives the same bytes; `progress` wraps each stage
    by its name. `kinds` are what is wanted of what the pipeline can make. `regions` are those to
    look at and no others, by SOP Instance UID, beside what objects of the study say. `predecessors`
    are reports that the study was not analysed, which a later report takes the place of. `versions`
    tell, by SOP Instance UID, images apart that came under the same one: empty for the first.
    """

    engine_of: Callable[[str], Engine]
    product: Product
    site_key: bytes
    made_at: datetime
    progress: Callable[[str], AbstractContextManager[None]] = untimed
    kinds: frozenset[Kind] = USUAL
    regions: Mapping[str, Sequence[Region]] = field(default_factory=dict)
    predecessors: Sequence[Document] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: its results, how much was done, and why not all was, if not.

    `scores` are the probabilities that a model, by its name, gave to what it judged.
    """

    made: Sequence[Made]
    extent: Literal["whole", "partly", "failed"] = "whole"
    reason: str = ""
    scores: Sequence[tuple[str, float]] = ()


class Pipeline(Protocol):
    """A recipe: images and engines in, results out."""

    @property
    def name(self) -> str:
        """What routes call it."""
        ...

    @property
    def networks(self) -> Sequence[str]:
        """The models on the shelf that it runs on, `ON_REGIONS` behind the names of some."""
        ...

    @property
    def takes_studies(self) -> bool:
        """Whether a job is all that a study holds for it, and not one image."""
        ...

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why an image with this header is not processed, None if it is.

        `allowed` are kinds of images that a route takes although others do not, as in
        `pipelines.eligibility`. The reasons are few and fixed: they label metrics.
        """
        ...

    def accompanies(self, header: Dataset) -> bool:
        """Return whether an object that is no image says where to look on those of its study."""
        ...

    def run(self, images: Sequence[Dataset], context: Context) -> Outcome:
        """Return what came of `images`: one, or those of a study and what accompanies them.

        Raises:
            CannotProcessError: the image is broken or beyond what is supported.
        """
        ...

    def not_analysed(
        self, headers: Sequence[Dataset], cards: Sequence[Card], code: str, context: Context
    ) -> Sequence[Made]:
        """Return reports that what has these headers could not be analysed, and the code of why.

        `cards` are those of its networks. It makes none if that is not its way.
        """
        ...


class OfOneImage:
    """What pipelines have in common whose jobs are one image each."""

    __slots__ = ()

    takes_studies = False
    network: str
    """The one model on the shelf that it runs on."""

    @property
    def networks(self) -> Sequence[str]:
        """The models on the shelf that it runs on."""
        return (self.network,)

    def accompanies(self, header: Dataset) -> bool:
        """Return that nothing does."""
        del header
        return False

    def not_analysed(
        self, headers: Sequence[Dataset], cards: Sequence[Card], code: str, context: Context
    ) -> Sequence[Made]:
        """Return nothing: the job says it, and nobody waits for a report."""
        del headers, cards, code, context
        return ()
