"""What the last canary says of the node, and the loop that sends one every so often."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from service.checks import Check
from service.errors import UnavailableError
from service.ledger.canary import CanaryRun, Phase

logger = logging.getLogger(__name__)

NAME = "canary"
FIRST_S = 60.0
"""After the node starts; sooner where canaries are sent more often."""
STALE = 3
"""Canaries that may be missing before their absence is a fault."""


class Last(Protocol):
    """Where the canary that ended last is looked up."""

    def last_canary(self) -> CanaryRun | None:
        """Return it."""
        ...


class Standing:
    """Knows the canary that ended last: the ledger's, or one that the ledger could not be told."""

    def __init__(
        self, ledger: Last, every: timedelta, longest: timedelta, now: Callable[[], datetime]
    ) -> None:
        """Expect a canary `every` so often, each of which takes `longest` at most."""
        self._ledger = ledger
        self._every = every
        self._stale = STALE * every + longest
        self._now = now
        self._since = now()
        self._lock = threading.Lock()
        self._known: CanaryRun | None = None

    def note(self, run: CanaryRun) -> None:
        """Remember a canary that ended."""
        with self._lock:
            self._known = run if run.runs else run.after(self._known)

    def last(self) -> CanaryRun | None:
        """Return the canary that ended last; the last known while the ledger is away."""
        try:
            told = self._ledger.last_canary()
        except UnavailableError:
            told = None
        with self._lock:
            if told is not None and _is_later(told, self._known):
                self._known = told
            return self._known

    def due_in_s(self) -> float:
        """Return in how many seconds the next one is due; 0: now. It matters not who sent one."""
        last, now = self.last(), self._now()
        if last is None or last.finished_at is None or last.finished_at > now:
            return 0.0
        return max(0.0, (last.finished_at + self._every - now).total_seconds())

    def check(self) -> Check:
        """Did the last phantom study come through?"""
        last, now = self.last(), self._now()
        heard = max(self._since, last.finished_at or self._since) if last else self._since
        if now - heard > self._stale:
            return Check(NAME, ok=False, detail=f"none for {_ago(now - heard)}: see the log")
        if last is None or last.finished_at is None:
            return Check(NAME, ok=True, detail="none yet")
        ago = f"{_ago(now - last.finished_at)} ago"
        if last.phase.is_failure:
            return Check(NAME, ok=False, detail=f"failed at {last.phase} {ago}: {last.reason}")
        if last.phase is Phase.BUSY:
            return Check(NAME, ok=True, detail=f"the workers were busy {ago}: {last.reason}")
        return Check(
            NAME, ok=True, detail=f"came through in {last.seconds.get('total', 0):.1f} s, {ago}"
        )


class Schedule:
    """Sends a canary every so often, unless another process, or a person, just did."""

    def __init__(
        self,
        run: Callable[[str, threading.Event], CanaryRun | None],
        standing: Standing,
        every_s: float,
    ) -> None:
        """Let `run` send each."""
        self._run = run
        self._standing = standing
        self._every_s = every_s

    def run(self, stop: threading.Event) -> None:
        """Send canaries until `stop`; whatever they meet is told, and ends nothing."""
        pause = min(FIRST_S, self._every_s)
        while not stop.wait(pause):
            wait = self._standing.due_in_s()
            pause = wait or self._every_s
            if not wait:
                self._send(stop)

    def _send(self, stop: threading.Event) -> None:
        ended = self._run("schedule", stop)
        if ended is None:
            logger.info("another canary is under way: this one is left out")
        else:
            _tell(ended)
            self._standing.note(ended)


def _is_later(one: CanaryRun, other: CanaryRun | None) -> bool:
    if other is None or other.finished_at is None or one.finished_at is None:
        return True
    return one.finished_at >= other.finished_at


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"  # noqa: PLR2004 - readable


def _tell(run: CanaryRun) -> None:
    if run.phase.is_failure:
        logger.error("the canary failed at %s: %s", run.phase, run.reason)
    elif run.phase is Phase.BUSY:
        logger.warning("the canary was not worked on: %s", run.reason)
    else:
        logger.info("the canary came through in %.1f s", run.seconds.get("total", 0.0))
