"""What the storekeeper asks of the ledger: what of the spool's bytes nobody needs any more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.ledger.records import Instance, Result


@dataclass(frozen=True, slots=True)
class Past:
    """What may go: of studies of which nothing is to come, and that came so long ago."""

    before: datetime
    committing: Collection[str]
    """Destinations that are to commit themselves to storage before anything may go."""
    study: str = ""
    """The one that is meant; empty: all of them."""


class Retention(Protocol):
    """What the storekeeper asks of the ledger."""

    def received_past(self, past: Past, limit: int) -> Sequence[Instance]:
        """Return images that may go, the oldest first.

        These are images of studies that came before that moment, are judged wholly, and of which
        no job is open, dead or parked, no delivery owed or parked, and none to a destination of
        those that are to commit themselves uncommitted.
        """
        ...

    def results_past(self, past: Past, limit: int) -> Sequence[Result]:
        """Likewise results of jobs that ended before that moment."""
        ...

    def may_image_go(self, image: Instance, past: Past) -> bool:
        """Tell whether that image may still go, and has not come again since it was looked at."""
        ...

    def note_image_removed(self, image: Instance) -> None:
        """Mark that image as removed, unless it has come again since it was looked at."""

    def note_result_removed(self, result: Result, past: Past) -> bool:
        """Mark that result as removed, if it may still go; return whether: it is never owed again.

        Its file goes afterwards.
        """
        ...

    def results_removed(self, since: datetime, committing: Collection[str]) -> Sequence[str]:
        """Return the UIDs of results marked since then, of whose studies nothing is to come."""
        ...

    def studies_past(self, past: Past, limit: int) -> Sequence[str]:
        """Return studies with bytes all of which may go before their time, the oldest first.

        What somebody asked us to commit ourselves to is not among it.
        """
        ...

    def unknown_received(self, names: Sequence[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Return those (UID, version) of which no row says that their bytes are here."""
        ...

    def newest_received(self, limit: int) -> Sequence[Instance]:
        """Return the instances whose bytes should be here, the newest first."""
        ...

    def believe_clock(self) -> None:
        """Note that the clock is believed now."""

    def clock_believed(self) -> datetime | None:
        """Return what time it was when the clock was believed last; None if it never was."""
        ...

    def mark_absent(self, is_there: Callable[[str, str, str], bool]) -> int:
        """Mark as removed what is not there; return how many files that are.

        `is_there` is asked for a file by the name of its spool, its UID and its version.
        """
        ...

    def forget_completions(self, before: datetime) -> int:
        """Forget why studies were judged, but for the last time, where it was before that moment.

        Of a study that still has images it is all kept. Returns how many were forgotten.
        """
        ...

    def spool_usage(self) -> Mapping[str, tuple[int, int]]:
        """Return files and bytes by kind: ``received`` and ``results``."""
        ...
