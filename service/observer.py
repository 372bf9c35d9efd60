"""Whether all is there that the node needs, looked at beside those who ask for metrics."""

import threading
import time
from collections.abc import Sequence

from service.checks import Check, Checks, run_checks

EVERY_S = 5.0
STALE_S = 30.0
"""A look that takes longer waits for something that is away."""


class Observer:
    """Looks every few seconds, and remembers: who asks waits for nothing that is away."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._found: Sequence[Check] = ()
        self._at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop`."""
        self.look()
        while not stop.wait(EVERY_S):
            self.look()

    def look(self) -> None:
        """Look now."""
        self._found = run_checks(self._checks)
        self._at = time.monotonic()

    def found(self) -> Sequence[Check]:
        """Return what was found when it was last looked; nothing before that."""
        return self._found

    def is_reachable(self) -> bool:
        """Return whether the ledger answered then."""
        is_fresh = time.monotonic() - self._at < STALE_S
        return is_fresh and all(check.ok for check in self._found if check.name == "ledger")
