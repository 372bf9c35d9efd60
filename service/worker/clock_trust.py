"""Whether the clock may be believed when it says that something is old enough to go."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

logger = logging.getLogger(__name__)

JUMP = timedelta(minutes=10)
"""A clock that is corrected by less makes nothing old."""
LONG = timedelta(days=7)
"""A node that wrote nothing for so long was off, or its clock is wrong: who can tell?"""
DOUBTED_S = 24 * 3600.0
"""So long nothing goes for its age after the clock jumped forward: time for people to look."""


class ClockTrust:
    """Compares the clock with one that only goes on, and with what was written down last."""

    def __init__(
        self,
        now: Callable[[], datetime],
        newest: Callable[[], datetime | None],
        monotonic: Callable[[], float],
    ) -> None:
        self._now = now
        self._newest = newest
        """When the ledger was last told of anything; None if never."""
        self._monotonic = monotonic
        self._looked: tuple[datetime, float] | None = None
        self._doubted_since: float | None = None

    def holds(self) -> bool:
        """Look at the clock; return whether it may be believed."""
        wall, ran = self._now(), self._monotonic()
        jump, most = self._jump(wall, ran)
        self._looked = wall, ran
        if jump > most:
            logger.error(
                "the clock is %s ahead of what it was: nothing goes by age for a day", jump
            )
            self._doubted_since = ran
        elif jump < -JUMP:  # somebody put it right
            self._doubted_since = None
        since = self._doubted_since
        return since is None or ran - since >= DOUBTED_S

    def _jump(self, wall: datetime, ran: float) -> tuple[timedelta, timedelta]:
        """Return by how much the clock went ahead, and how much of it is nothing to wonder at."""
        if self._looked is None:
            newest = self._newest()
            return (wall - newest, LONG) if newest is not None else (timedelta(), LONG)
        passed = timedelta(seconds=ran - self._looked[1])
        return wall - self._looked[0] - passed, JUMP
