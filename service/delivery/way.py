"""The way to one destination: shared by the threads of this process that send there."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from service.delivery.breaker import Breaker
from service.ledger.records import Delivery

logger = logging.getLogger(__name__)


class Way:
    """A destination's breaker, and whether there is more to send than one can."""

    def __init__(self, destination: str, tell: Callable[[str, bool], None]) -> None:
        self.busy = threading.Event()
        """Set while others should help."""
        self._destination = destination
        self._tell = tell
        self._lock = threading.Lock()
        self._breaker = Breaker()
        self._left: list[Delivery] = []
        tell(destination, True)  # noqa: FBT003 - nothing speaks against it yet

    def may_try(self, now: datetime) -> bool:
        """Return whether somebody may try now."""
        with self._lock:
            return self._breaker.may_try(now)

    def begins(self, now: datetime) -> bool:
        """Return whether the one who asks may try now; after a failure one may at a time."""
        with self._lock:
            may = self._breaker.may_try(now)
            if may:
                self._breaker = self._breaker.trying(now)
            return may

    def reached(self) -> None:
        """It was reached."""
        with self._lock:
            was_down = not self._breaker.is_up
            self._breaker = Breaker()
            self._tell(self._destination, True)  # noqa: FBT003 - a gauge of yes and no
        if was_down:
            logger.info("%s answers again", self._destination)

    def failed(self, now: datetime) -> None:
        """It could not be reached, or could take nothing."""
        with self._lock:
            chance = random.random()  # noqa: S311 - nobody gains by guessing it
            self._breaker = self._breaker.failed(now, chance)
            self._tell(self._destination, self._breaker.is_up)

    def leave(self, held: Sequence[Delivery]) -> None:
        """Keep in mind what this process holds and nobody here sends any more."""
        with self._lock:
            self._left += held

    def left(self) -> Sequence[Delivery]:
        """Return that, once."""
        with self._lock:
            left, self._left = self._left, []
            return left
