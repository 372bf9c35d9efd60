"""What the delivery stage asks of the ledger."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from service.ledger.records import Delivery, DeliveryState, Result


class Deliveries(Protocol):
    """What the delivery stage reads and writes down."""

    def owed(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """Return what that destination is to receive now: urgent jobs first, then oldest first.

        What somebody is sending is not among it.
        """
        ...

    def take_owed(
        self, destination: str, owner: str, lease_s: float, limit: int
    ) -> Sequence[Delivery]:
        """Return the first of what is owed there now, `owner`'s for `lease_s` seconds."""
        ...

    def hold_deliveries(self, held: Sequence[Delivery], lease_s: float) -> None:
        """Lengthen the leases of those of `held` that are still their owner's."""

    def give_back_deliveries(self, held: Sequence[Delivery]) -> None:
        """Let others send what of `held` is still its owner's; nothing was tried."""

    def free_deliveries(self, is_gone: Callable[[str], bool]) -> int:
        """Let others send what owners held who are gone; return how much it was."""
        ...

    def note_unreachable(self, destination: str, error: str) -> None:
        """Say with all that is owed there why it waits; nothing counts as tried."""

    def sent(self, delivery: Delivery, remark: str = "") -> None:
        """The destination acknowledged it; `remark` says what it remarked, if anything."""

    def sent_since(self, destination: str, moment: datetime) -> Sequence[Delivery]:
        """Return what was sent there after `moment`, in that order."""
        ...

    def remark(self, delivery: Delivery, remark: str) -> None:
        """Add `remark` to what was sent."""

    def postpone(self, delivery: Delivery, wait: timedelta, error: str) -> None:
        """It could not be sent now; try again after `wait`."""

    def park(self, delivery: Delivery, error: str) -> None:
        """The destination will not have it: wait for a person."""

    def deliveries(
        self,
        study_instance_uid: str | None = None,
        state: DeliveryState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first; all of them if `limit` is None."""
        ...

    def retry_deliveries(
        self, destination: str | None = None, study_instance_uid: str | None = None
    ) -> int:
        """Owe parked and postponed deliveries again now; return how many."""
        ...

    def resend(self, study_instance_uid: str, destination: str) -> int:
        """Owe that destination again what it was to receive of that study; return how much.

        Raises:
            UnknownError: if it was to receive nothing of it.
        """
        ...

    def results(self, job_id: str) -> Sequence[Result]:
        """Return what that job made."""
        ...

    def delivery_counts(self) -> Mapping[tuple[str, str], int]:
        """Return the number of deliveries by (destination, state)."""
        ...
