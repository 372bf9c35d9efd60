"""What is asked of the ledger about storage commitments: PS3.4 Annex J."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from service.ledger.records import Commitment, CommitmentState, Delivery


class Commitments(Protocol):
    """Who committed himself to keep what, and who is still to: PS3.4 Annex J."""

    def open_commitment(self, commitment: Commitment) -> bool:
        """Remember that this was asked; return whether it is new.

        Of ours, the deliveries to its peer that it names count as asked about.
        """
        ...

    def commitment(self, transaction_uid: str, peer: str) -> Commitment | None:
        """Return that request, None if there is none."""
        ...

    def commitments(
        self, state: CommitmentState | None = None, limit: int = 100
    ) -> Sequence[Commitment]:
        """Return requests, newest first."""
        ...

    def retry_commitments(self) -> int:
        """Let those that are open or parked be tried again now; return how many."""
        ...

    def forget_commitments(self, before: datetime) -> int:
        """Forget requests that were made before then and are done; return how many.

        Those of senders whom the report could not be brought are forgotten too.
        """
        ...

    def due_commitments(self, peer: str | None, *, is_ours: bool) -> Sequence[Commitment]:
        """Return the open requests (of `peer`, if one is named) that are due, oldest first."""
        ...

    def save_commitment(self, commitment: Commitment) -> None:
        """Put `commitment` in place of that of the same transaction and peer, if it is open."""

    def put_off_commitment(self, commitment: Commitment, wait: timedelta) -> None:
        """Do so with one that is to be tried again after `wait`, whatever it says of that."""

    def uncommitted(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """Return what was sent there lately and nobody asked it to commit to, by study."""
        ...

    def report_commitment(
        self, transaction_uid: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> bool:
        """Note what the peer of one of our requests answered; return whether we know the request.

        `failed` says why, by SOP Instance UID (Failure Reason, PS3.3 C.14). What failed is owed
        again, or parked if that was so too often. A second time changes nothing.
        """
        ...
