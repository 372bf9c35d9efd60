"""What this process counts and measures, told to the ledger every few seconds."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from service.errors import UnavailableError
from service.heap import Heap
from service.ledger.counting import Counting, Process
from service.metrics import Metrics
from service.sample import Sample

logger = logging.getLogger(__name__)

EVERY_S = 5.0
APART = timedelta(seconds=30)
"""Clocks that differ by more are pointed out: leases and signs of life are judged by them."""
CLOCK = (
    "the clock of this process is %.0f s behind another's of the node: is each host's set right?"
)
AWAY = "metrics wait for the ledger: %s"
STATM = Path("/proc/self/statm")


@dataclass(frozen=True)
class Teller:
    """Tells the ledger of this process; what could not be told is told the next time."""

    ledger: Counting
    metrics: Metrics
    owner: str
    roles: Sequence[str]
    now: Callable[[], datetime]
    started_at: datetime
    look: Callable[[], None]
    """Measures what is measured only when it is asked for."""
    _told: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _telling: Lock = field(default_factory=Lock)
    _heap: Heap = field(default_factory=Heap)

    def run(self, stop: threading.Event) -> None:
        """Tell until `stop`."""
        while not stop.wait(EVERY_S):
            self._try(self.tell)

    def end(self) -> None:
        """Tell the last of it, and that this process ends."""
        self._try(self.tell)
        self._try(lambda: self.ledger.part(self.owner))

    def _try(self, deed: Callable[[], None]) -> None:
        """Do that, or say once that it waits."""
        try:
            deed()
            self._said.discard(AWAY)
        except UnavailableError as error:
            if AWAY not in self._said:
                logger.warning(AWAY, error)
            self._said.add(AWAY)

    def tell(self) -> None:
        """Tell what this process measures, and what it counted since it last told.

        Raises:
            UnavailableError: if the ledger is down.
        """
        host = socket.gethostname()
        self._heap.tidy()
        self.look()
        self.metrics.resident(host, " ".join(self.roles), resident_bytes())
        with self._telling:
            counted = self.metrics.counted()
            newest = self.ledger.tell(
                Process(
                    self.owner,
                    host,
                    tuple(self.roles),
                    self.started_at,
                    self.now(),
                    tuple(self.metrics.measured()),
                ),
                [*self._untold(counted)],
            )
            self._told.update({(one.name, one.labels): one.value for one in counted})
        self._compare_clocks(newest)

    def _compare_clocks(self, newest: datetime) -> None:
        """Point out, once, that another process is well ahead of this one."""
        behind = newest - self.now()
        if behind < APART:
            self._said.discard(CLOCK)
        elif CLOCK not in self._said:
            self._said.add(CLOCK)
            logger.warning(CLOCK, behind.total_seconds())

    def _untold(self, counted: Iterable[Sample]) -> Iterator[Sample]:
        for one in counted:
            more = one.value - self._told.get((one.name, one.labels), 0.0)
            if more or (one.name, one.labels) not in self._told:
                yield Sample(one.name, one.labels, more)


def resident_bytes() -> int:
    """Return the memory that this process holds."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
