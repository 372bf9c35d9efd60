"""What the stages ask of a queue."""

from typing import Protocol


class Queue(Protocol):
    """Wakes workers; what there is to do stands in the ledger, not here."""

    def put(self, job_id: str) -> None:
        """Let a worker look for work soon; `job_id` says why.

        A wake-up may be lost, doubled or late without harm: the sweeper repeats it. Never raises
        because the broker is away.
        """

    def is_empty(self) -> bool:
        """Tell whether no wake-up waits for a worker; False where it cannot be told."""
        ...

    def ping(self) -> None:
        """Raise UnavailableError if the broker cannot be reached."""
