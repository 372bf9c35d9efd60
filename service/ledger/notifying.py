"""What people are to be told of, and what they were told: the ledger's rows about notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from service.ledger.records import JobState


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Something is lost to the clinic until somebody acts."""
    WARNING = "warning"


class News(StrEnum):
    """What a message says of a trouble."""

    BEGUN = "new"
    MORE = "more"
    """There is more of it than was told."""
    STILL = "still"
    """It goes on."""
    OVER = "over"
    PASSED = "passed"
    """It came and went before it could be told."""


@dataclass(frozen=True, slots=True)
class Heap:
    """Many of a kind that wait for somebody: how many, since when, and why the last of them."""

    name: str
    """Of the pipeline, the destination or the sender; empty where there is but one heap."""
    count: int
    since: datetime
    newest: datetime
    reason: str
    study_instance_uid: str = ""
    """Of the last of them."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A trouble as one channel knows it: seen, told, or gone."""

    channel: str
    key: str
    severity: Severity
    what: str
    over: str
    """What is said when it is over; empty: nothing is."""
    since: datetime
    seen_at: datetime
    """When it was first seen."""
    due_at: datetime
    """When it may be told, if it lasts."""
    newest: datetime | None = None
    """The newest of the heap, as it was told."""
    told_at: datetime | None = None
    """When it was told last."""
    times: int = 0
    """That it was told."""
    gone_at: datetime | None = None
    """When it was first seen to be there no more."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a message says of one trouble."""

    news: News
    key: str
    severity: Severity
    what: str
    why: str
    remedy: str
    since: datetime
    until: datetime | None
    """When it was over."""
    page: str
    """The console's page of it, below its URL."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent by one channel, or was."""

    channel: str
    number: int
    """Counts up in each channel."""
    message_id: str
    """The same at each try: who gets it twice can know."""
    subject: str
    points: tuple[Point, ...]
    made_at: datetime
    run_at: datetime
    """Not before this moment."""
    attempts: int = 0
    error: str = ""
    """What the last try failed of; when it was sent, what the receiver answered."""
    sent_at: datetime | None = None
    lease_until: datetime | None = None
    """Until then somebody is sending it."""


class Heaps(Protocol):
    """What in the ledger waits for a person."""

    def given_up(self) -> Sequence[tuple[JobState, Heap]]:
        """Return the jobs that are dead or parked, a heap for each state and pipeline."""
        ...

    def parked_deliveries(self) -> Sequence[Heap]:
        """Return the deliveries that are parked, a heap for each destination."""
        ...

    def unreached(self, longer_than: timedelta) -> Sequence[Heap]:
        """Return what waits for so long for destinations that took nothing meanwhile."""
        ...

    def held_studies(self) -> Sequence[Heap]:
        """Return the studies that wait for a person, as one heap; none if none does."""
        ...

    def incomplete_studies(self, within: timedelta) -> Sequence[Heap]:
        """Return the studies that were lately judged without all their views, as one heap."""
        ...

    def refused_senders(self, more_than: int, within: timedelta) -> Sequence[Heap]:
        """Return who was refused more often than that lately, a heap for each AE title."""
        ...


class Tellings(Protocol):
    """What people were told, and are still to be told."""

    def tellings(self, channel: str | None = None) -> Sequence[Telling]:
        """Return the troubles as that channel, or each, knows them; the oldest first."""
        ...

    def messages(self, channel: str | None = None, limit: int = 100) -> Sequence[Message]:
        """Return the messages of that channel, or of all, newest first."""
        ...

    def keep_told(
        self, changed: Sequence[Telling], forgotten: Sequence[Telling], message: Message | None
    ) -> bool:
        """Keep `message`, which is to be sent, and what is known by it, all or nothing.

        Returns whether it counted: False if another process made that channel's next message.
        """
        ...

    def take_message(self, channel: str, lease_s: float) -> Message | None:
        """Return the message of that channel that is due, ours for `lease_s`; None if none is."""
        ...

    def message_sent(self, message: Message, answer: str) -> None:
        """The receiver has it."""

    def message_failed(self, message: Message, until: datetime, error: str) -> None:
        """It could not be sent; try again at `until`."""
