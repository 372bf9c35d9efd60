"""Bringing senders the reports that they are owed: PS3.4 J.3.3."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol

from pydicom import Dataset

from service.errors import NodeError, UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.records import Commitment, CommitmentState
from service.ledger.spool import Spool
from service.listener.vouching import vouch

logger = logging.getLogger(__name__)

POLL_S = 2.0
FORGET_EVERY = 1800
"""Polls between two looks at what can be forgotten."""
REMEMBERED = timedelta(days=30)
"""How long a request that is done can be looked up."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0
MOST_TRIES = 16
"""Some six hours and a half; then a person must look at it."""


class Bearer(Protocol):
    """Brings a report to a peer."""

    def bring(self, event_type: int, information: Dataset) -> None:
        """Return when the peer has acknowledged it.

        Raises:
            NodeError: if it did not.
        """


@dataclass(frozen=True, slots=True)
class Reports:
    """Brings what is owed, until it is acknowledged or given up."""

    ledger: Ledger
    spool: Spool
    bearer: Callable[[str], Bearer | None]
    """To that AE title; None if no address of it is known."""
    now: Callable[[], datetime]

    def run(self, stop: Event) -> None:
        """Bring what is due until `stop` is set."""
        polls = 0
        while not stop.wait(POLL_S):
            try:
                if polls % FORGET_EVERY == 0:
                    self.ledger.forget_commitments(self.now() - REMEMBERED)
                polls += 1
                self.bring_due(stop)
            except UnavailableError as error:
                logger.warning("reports of commitment wait: %s", error)

    def bring_due(self, stop: Event | None = None) -> None:
        """Bring each report that is due, once.

        Raises:
            UnavailableError: if ledger or spool is.
        """
        for due in self.ledger.due_commitments(None, is_ours=False):
            if stop is not None and stop.is_set():
                return
            self._bring(due)

    def _bring(self, due: Commitment) -> None:
        trying = replace(due, attempts=due.attempts + 1)
        self.ledger.put_off_commitment(trying, _pause(trying))  # others leave it alone meanwhile
        vouched = vouch(self.ledger, self.spool, due)
        try:
            bearer = self.bearer(due.peer)
            if bearer is None:
                raise UnavailableError(
                    f"no address of {due.peer} is known: name it among the destinations"
                    " of routes.toml"
                )
            bearer.bring(vouched.event_type, vouched.information)
        except NodeError as error:
            self._failed(trying, str(error))
            return
        self.ledger.save_commitment(replace(trying, state=CommitmentState.DONE, error=""))

    def _failed(self, tried: Commitment, error: str) -> None:
        is_last = tried.attempts >= MOST_TRIES
        if is_last or tried.attempts == 1:
            logger.warning(
                "the report on %s to %s %s: %s",
                tried.transaction_uid,
                tried.peer,
                "is given up" if is_last else "waits",
                error,
            )
        if is_last:
            given_up = replace(tried, state=CommitmentState.PARKED, error=error)
            self.ledger.save_commitment(given_up)
        else:
            self.ledger.put_off_commitment(replace(tried, error=error), _pause(tried))


def _pause(tried: Commitment) -> timedelta:
    """Return how long to wait after so many tries."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2.0 ** (tried.attempts - 1), LONGEST_PAUSE_S))
