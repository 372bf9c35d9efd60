"""What the delivery stage asks of a destination, however it is spoken with."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from service.delivery.peer import Offer, Peer


class Line(Protocol):
    """Something that objects can be sent on."""

    @property
    def alive(self) -> bool:
        """Whether more can be sent."""
        ...

    def send(self, path: Path) -> str:
        """Send the DICOM file at `path`; return what the destination remarks on it, if anything.

        Raises:
            RefusedError: if the destination will not have it, or it cannot be read.
            UnavailableError: if it cannot be sent now; DestinationError if nothing can.
        """
        ...


class Target(Protocol):
    """Where results are sent."""

    def linked(self, offers: Collection[Offer]) -> AbstractContextManager[Line]:
        """Open a line for what is offered, for as long as the block runs.

        Raises:
            RefusedError: if the destination takes nothing of what we offer.
            UnavailableError: if it cannot be reached, rejects us or has no room now.
        """
        ...

    def echo(self) -> None:
        """Ask whether it is there.

        Raises:
            UnavailableError: if it cannot be reached, rejects us or does not answer.
        """


@dataclass(frozen=True, slots=True)
class Served:
    """A destination, and how it is served."""

    target: Target
    associations: int = 2
    """At most, at once."""
    commits: Peer | None = None
    """Whom to ask to commit to the storage of what was sent; None: nobody."""
    shows: Peer | None = None
    """Whom to ask whether what was sent can be found; None: nobody."""
