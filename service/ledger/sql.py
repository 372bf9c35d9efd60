"""The ledger in SQLite or PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from random import random
from typing import Self

import sqlalchemy as sa

from service.errors import NodeError
from service.ledger.accounts import SqlAccounts
from service.ledger.ages import SqlAges
from service.ledger.audit import SqlAudit
from service.ledger.canaries import SqlCanaries
from service.ledger.clock import SqlClock
from service.ledger.commitments import SqlCommitments
from service.ledger.completions import SqlCompletions
from service.ledger.counting import SqlCounting
from service.ledger.database import Database
from service.ledger.deliveries import SqlDeliveries
from service.ledger.heaps import SqlHeaps
from service.ledger.histories import SqlHistories
from service.ledger.intake import SqlIntake
from service.ledger.jobs import SqlJobs
from service.ledger.joined import Joined
from service.ledger.lookup import SqlLookup
from service.ledger.migrate import MayBegin, always, migrate
from service.ledger.patience import USUAL, Patience
from service.ledger.retention import SqlRetention
from service.ledger.routes_drafts import SqlRoutesDrafts
from service.ledger.routes_versions import SqlRoutesVersions
from service.ledger.studies import SqlStudies
from service.ledger.tellings import SqlTellings
from service.ledger.verifications import SqlVerifications
from service.ledger.waiting import SqlWaiting
from service.ledger.workers import SqlWorkers


class SqlLedger(
    SqlIntake,
    SqlStudies,
    SqlJobs,
    SqlDeliveries,
    SqlCommitments,
    SqlRetention,
    SqlWorkers,
    SqlAccounts,
    SqlAudit,
    SqlLookup,
    SqlCompletions,
    SqlWaiting,
    SqlRoutesDrafts,
    SqlRoutesVersions,
    SqlHeaps,
    SqlHistories,
    SqlTellings,
    SqlVerifications,
    SqlCounting,
    SqlAges,
    SqlClock,
    SqlCanaries,
):
    """See `service.ledger.ledger.Ledger`; may be used from any thread, and after a fork."""

    __slots__ = ()

    def ping(self) -> None:
        """See Ledger."""
        with self.database.writing() as connection:
            connection.execute(sa.select(1))

    @contextmanager
    def as_one(self) -> Iterator[Self]:
        """See Ledger."""
        with self.database.writing() as transaction:
            yield replace(self, database=Joined(self.database, transaction))

    def within(self, patience: Patience) -> Self:
        """Return this ledger for those who wait for it no longer than that."""
        return replace(self, database=self.database.within(patience))

    def close(self) -> None:
        """Close this process's connections."""
        self.database.close()


def open_ledger(
    url: str,
    now: Callable[[], datetime],
    chance: Callable[[], float] = random,
    patience: Patience = USUAL,
    may_begin: MayBegin = always,
) -> SqlLedger:
    """Return the ledger at `url`, its tables brought up to date; `now` gives the time in UTC.

    `chance` gives numbers from 0 to 1; by them it is decided when a claim passes over the lanes.
    `url` is SQLAlchemy's, such as ``sqlite:////var/lib/senoscope/ledger.sqlite``.
    `may_begin` is asked before one is made that is not there yet.

    Raises:
        BadConfigurationError: if a newer release made it, or `may_begin` says so.
        UnavailableError: if it is down, locked or full.
    """
    database = Database(url, patience)
    try:
        migrate(database, now, may_begin)
    except NodeError:
        database.close()
        raise
    return SqlLedger(database, now, chance)
