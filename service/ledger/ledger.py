"""All that the stages ask of the ledger."""

from contextlib import AbstractContextManager
from typing import Protocol, Self

from service.ledger.ages import Waits
from service.ledger.asked.commitments import Commitments
from service.ledger.asked.deliveries import Deliveries
from service.ledger.asked.intake import Intake
from service.ledger.asked.jobs import Jobs
from service.ledger.asked.retention import Retention
from service.ledger.asked.studies import Studies
from service.ledger.asked.workers import Workers
from service.ledger.canaries import Canaries
from service.ledger.completions import Completions
from service.ledger.counting import Counting
from service.ledger.histories import Histories
from service.ledger.notifying import Heaps, Tellings
from service.ledger.people import Accounts, Audit
from service.ledger.routes_drafts import RoutesDrafts
from service.ledger.routes_versions import RoutesVersions
from service.ledger.standing import Lookup
from service.ledger.verifications import Verifications
from service.ledger.waiting import Waiting


class Ledger(
    Intake,
    Studies,
    Jobs,
    Deliveries,
    Commitments,
    Retention,
    Workers,
    Accounts,
    Audit,
    Lookup,
    Heaps,
    Tellings,
    Completions,
    Waiting,
    Histories,
    RoutesDrafts,
    RoutesVersions,
    Verifications,
    Counting,
    Waits,
    Canaries,
    Protocol,
):
    """The node's memory: what was received, decided, done and sent."""

    def ping(self) -> None:
        """Raise UnavailableError if the ledger cannot be written to."""

    def as_one(self) -> AbstractContextManager[Self]:
        """Give this ledger, so that all that is written by it meanwhile is, or nothing of it.

        Raises:
            UnavailableError: if it is down, locked or full. Where it went just then, all may be
                written nevertheless.
        """
