"""What is asked of the ledger about those who work."""

from collections.abc import Sequence
from typing import Protocol

from service.ledger.records import UnfitWorker, WorkerPresence


class Workers(Protocol):
    """Who is at work."""

    def present(self, worker: WorkerPresence) -> None:
        """Remember that this worker was seen alive."""

    def absent(self, owner: str) -> None:
        """Forget that worker: it left, or it is dead."""

    def workers(self, within_s: float = 30.0) -> Sequence[WorkerPresence]:
        """Return the workers seen alive in the last `within_s` seconds."""
        ...

    def unfit(self, worker: UnfitWorker) -> None:
        """Remember that this worker lives and cannot work, until it is present."""

    def unfit_workers(self, within_s: float = 30.0) -> Sequence[UnfitWorker]:
        """Return those that said so in the last `within_s` seconds."""
        ...
