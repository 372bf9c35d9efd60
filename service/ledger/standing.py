"""How studies stand, and how much there is of everything: what people look at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from service.ledger.records import Delivery, Job, JobState, Refusal, Study


class StudyState(StrEnum):
    """Where a study stands; of several that hold, the first of these is told."""

    FAILED = "failed"
    """A job of it is dead or parked, or a destination did not take a result."""
    RECEIVING = "receiving"
    """Images of it are not judged yet."""
    WORKING = "working"
    """A job of it is queued or running."""
    SENDING = "sending"
    """A destination is still to receive a result."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows are wanted; None or empty: any."""

    text: str = ""
    """The beginning of a UID or job id, or a part of the name of an AE title, route or pipeline."""
    state: StrEnum | None = None
    since: datetime | None = None
    destination: str | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A study, and how much of what was to be done for it is."""

    study: Study
    state: StudyState
    working: int
    """Jobs that are queued or running."""
    failed: int
    """Jobs that are dead or parked, deliveries that are parked."""
    owed: int
    """Deliveries that are still to be sent."""
    sent: int
    """Deliveries that were acknowledged."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What went through the node in one hour."""

    begins: datetime
    studies: int
    """Whose last image came then."""
    jobs: int
    """That were done then."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How much there is of everything."""

    studies: int
    by_state: Mapping[str, int]
    """Studies for each `StudyState` that holds; one may hold several, but for ``done``."""
    jobs: Mapping[str, int]
    """By state."""
    deliveries: Mapping[str, int]
    """By state."""
    hours: Sequence[Hour]
    """The last 24, oldest first; the last is not over."""


class Lookup(Protocol):
    """What people look for in the ledger, however much it holds."""

    def found_studies(self, search: Search) -> Sequence[Standing]:
        """Return the studies that are searched for, the newest first."""
        ...

    def standing(self, study_instance_uid: str) -> Standing:
        """Return how that study stands.

        Raises:
            UnknownError: if there is none.
        """
        ...

    def found_jobs(self, search: Search) -> Sequence[Job]:
        """Return the jobs that are searched for, the newest first."""
        ...

    def found_deliveries(self, search: Search) -> Sequence[tuple[str, Delivery]]:
        """Return the deliveries searched for and the study of each, the newest first."""
        ...

    def refusals_of(self, study_instance_uid: str) -> Sequence[Refusal]:
        """Return what of that study was refused, oldest first."""
        ...

    def overview(self) -> Overview:
        """Return how much there is of everything."""
        ...


OPEN = (JobState.QUEUED, JobState.RUNNING)
FAILED = (JobState.DEAD, JobState.PARKED)
