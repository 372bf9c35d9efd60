"""Who was turned away at the door, written down so that nobody can flood the log or the ledger."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

WINDOW_S = 60.0
PER_HOST = 20
"""Different refusals of one address that are written down within a window."""
HOSTS = 4096
"""Addresses that are remembered; the one that was first heard of is forgotten first."""


class Ground(StrEnum):
    """Why somebody was turned away, as a label of metrics."""

    NETWORK = "network"
    CONNECTIONS = "connections"
    TLS = "tls"
    CERTIFICATE = "certificate"
    UNREADABLE = "unreadable"
    CALLED = "called"
    CALLING = "calling"
    CONTEXT_NAME = "context-name"
    NO_CONTEXT = "no-context"
    TOO_MANY = "too-many"
    NO_ROOM = "no-room"


class Counts(Protocol):
    """What is counted of refusals."""

    def association_refused(self, reason: str) -> None:
        """Count a connection or an association that was turned away."""


@dataclass(slots=True)
class _Heard:
    """What one address was refused for since `since`."""

    since: float
    told: set[tuple[str, str]] = field(default_factory=set)
    unsaid: int = 0


class Refused:
    """Counts every refusal and writes down the first of its like in a minute."""

    def __init__(
        self,
        write: Callable[[str, str], None],
        counts: Counts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write by `write(calling, reason)`."""
        self._write = write
        self._counts = counts
        self._clock = clock
        self._heard: OrderedDict[str, _Heard] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, host: str, ground: Ground, reason: str, calling: str = "") -> None:
        """Count it, and write it down unless the like was, less than a minute ago."""
        self._counts.association_refused(ground)
        unsaid = self._unsaid(host, reason, calling)
        if unsaid is not None:
            more = f"; {unsaid} more from there before" if unsaid else ""
            self._write(calling, f"{reason}, from {host}{more}")

    def _unsaid(self, host: str, reason: str, calling: str) -> int | None:
        """Return how many were not written down before this one; None if this one is not either."""
        with self._lock:
            now = self._clock()
            heard = self._heard.get(host)
            unsaid = 0
            if heard is None or now - heard.since >= WINDOW_S:
                unsaid = heard.unsaid if heard else 0
                heard = self._heard[host] = _Heard(now)
                self._heard.move_to_end(host)
                if len(self._heard) > HOSTS:
                    self._heard.popitem(last=False)
            if (reason, calling) in heard.told or len(heard.told) >= PER_HOST:
                heard.unsaid += 1
                return None
            heard.told.add((reason, calling))
            return unsaid
