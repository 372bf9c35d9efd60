"""What there is to know about a node before anybody is told anything."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from service.errors import UnavailableError
from service.ledger.notifying import Heap, Heaps
from service.ledger.records import JobState, WorkerPresence

HOUR = timedelta(hours=1)
LATELY = timedelta(days=1)
"""A study that was judged without all its views is spoken of for so long."""


@dataclass(frozen=True, slots=True)
class Facts:
    """How the node stands, and what waits for a person."""

    given_up: Sequence[tuple[JobState, Heap]] = ()
    """Jobs, by state and pipeline."""
    parked: Sequence[Heap] = ()
    """Deliveries, by destination."""
    unreached: Sequence[Heap] = ()
    """Deliveries that wait too long already, by destination."""
    held: Sequence[Heap] = ()
    incomplete: Sequence[Heap] = ()
    refused: Sequence[Heap] = ()
    """Too many refusals, by sender."""
    workers: int = 1
    free_bytes: int | None = None
    """On the disk of what comes in; None where it is not known."""
    disk_error: str = ""
    """Why it is not."""
    routes_error: str = ""
    """Why the routes on the disk are not in force."""


class Asked(Heaps, Protocol):
    """What is asked of the ledger."""

    def workers(self, within_s: float = 30.0) -> Collection[WorkerPresence]:
        """See `service.ledger.asked.workers.Workers`."""
        ...


@dataclass(frozen=True, slots=True)
class Lookout:
    """Gathers the facts."""

    ledger: Asked
    free_bytes: Callable[[], int]
    routes_error: Callable[[], str]
    unreached_for: timedelta
    """A destination that took nothing for so long is told."""
    refused_per_hour: int
    """Whoever is refused more often is told."""

    def look(self) -> Facts:
        """Return the facts as they are now.

        Raises:
            UnavailableError: if the ledger is down.
        """
        free_bytes, disk_error = self._disk()
        return Facts(
            given_up=self.ledger.given_up(),
            parked=self.ledger.parked_deliveries(),
            unreached=self.ledger.unreached(self.unreached_for),
            held=self.ledger.held_studies(),
            incomplete=self.ledger.incomplete_studies(LATELY),
            refused=self.ledger.refused_senders(self.refused_per_hour, HOUR),
            workers=len(self.ledger.workers()),
            free_bytes=free_bytes,
            disk_error=disk_error,
            routes_error=self.routes_error(),
        )

    def _disk(self) -> tuple[int | None, str]:
        try:
            return self.free_bytes(), ""
        except UnavailableError as error:
            return None, str(error)
