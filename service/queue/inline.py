"""A queue that runs each job at once."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InlineQueue:
    """For tests and for the line in one process."""

    run: Callable[[str], object]

    def put(self, job_id: str) -> None:
        """Run that job now."""
        self.run(job_id)

    def is_empty(self) -> bool:
        """See Queue."""
        return True

    def ping(self) -> None:
        """See Queue."""
