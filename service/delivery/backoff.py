"""When to try again."""

from datetime import timedelta

FIRST_S = 1.0
LONGEST_S = 60.0
LONGEST_DOUBLING = 16
"""Doublings beyond which nothing changes: the power stays small."""


def delay(attempt: int, chance: float) -> timedelta:
    """Return how long to wait after the `attempt`-th failure, counted from 1.

    `chance`, from 0 to 1, spreads it over its upper half, so that many do not try again at once.
    """
    doubled = FIRST_S * 2.0 ** min(attempt - 1, LONGEST_DOUBLING)
    return timedelta(seconds=min(doubled, LONGEST_S) * (1 + chance) / 2)
