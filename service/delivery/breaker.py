"""When a destination that cannot be reached is tried again: a circuit breaker."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from service.delivery.backoff import LONGEST_S, delay

MOST_FAILURES = 3
"""Failures in a row after which a destination counts as down."""
LONGEST = timedelta(seconds=LONGEST_S)


class Reach(StrEnum):
    """What is known of a destination."""

    CLOSED = "closed"
    """It is up: everything may be sent."""
    OPEN = "open"
    """It is down: nothing is tried."""
    HALF_OPEN = "half-open"
    """It was down: one may try."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What the last tries to reach a destination say of the next."""

    failures: int = 0
    """In a row."""
    tries_at: datetime | None = None
    """Not before this moment; None: at once."""

    def may_try(self, now: datetime) -> bool:
        """Return whether somebody may try now; a clock that was set back keeps nobody waiting."""
        if self.tries_at is None:
            return True
        return now >= self.tries_at or self.tries_at - now > LONGEST

    def trying(self, now: datetime) -> "Breaker":
        """Return what holds while somebody tries: after a failure others wait for what he finds."""
        return Breaker(self.failures, now + LONGEST) if self.failures else self

    def failed(self, now: datetime, chance: float) -> "Breaker":
        """Return what holds after one more failure; the pause grows to a minute."""
        failures = self.failures + 1
        return Breaker(failures, now + delay(failures, chance))

    @property
    def is_up(self) -> bool:
        """Return whether the destination counts as up."""
        return self.failures < MOST_FAILURES

    def reach(self, now: datetime) -> Reach:
        """Return what is known of the destination."""
        if self.is_up:
            return Reach.CLOSED
        return Reach.HALF_OPEN if self.may_try(now) else Reach.OPEN
