"""What time it is: for parts of a node under test."""

import time
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the time, for tests with real processes and peers."""
    return datetime.fromtimestamp(time.time(), UTC)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
