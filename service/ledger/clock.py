"""What waits in the ledger when the clock of a host has been set back."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from service.ledger.moves import LEASE
from service.ledger.rows import Part
from service.ledger.tables import commitments, deliveries, jobs, studies, workers

WAITING = (
    (jobs.c.run_at, jobs.c.created_at),
    (deliveries.c.run_at, deliveries.c.owed_at),
    (commitments.c.run_at, commitments.c.created_at),
)
"""Until when each waits, and when it was written down; that is in the past from then on."""
SENDING = timedelta(minutes=10)
"""No lease of a delivery is longer, whatever was the time when it was taken."""

_NONE = timedelta()


class SqlClock(Part):
    """See `service.ledger.asked.jobs.Jobs`."""

    __slots__ = ()

    def clock_behind(self) -> timedelta:
        """See Jobs."""
        with self.database.reading() as connection:
            seen = connection.scalar(sa.select(sa.func.max(workers.c.seen_at)))
            theirs = _server_time(connection)
        now = self.now()
        behind = max(seen - now, _NONE) if seen is not None else _NONE
        return behind if theirs is None or behind > abs(theirs - now) else theirs - now

    def behind_received(self) -> timedelta:
        """See Jobs."""
        newest = sa.select(sa.func.max(studies.c.last_received_at))
        with self.database.reading() as connection:
            last = connection.scalar(newest)
        return max(last - self.now(), _NONE) if last is not None else _NONE

    def set_back(self, by: timedelta, *, late: bool = False) -> int:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            moved = 0
            for until, written in WAITING:
                moving = (until > now) & (written > now) if late else until > now
                moved += _sooner(connection, until, moving, by, now)
                early = sa.update(written.table).where(written > now)
                connection.execute(early.values({written.name: now}))
            held = jobs.c.lease_until > now + LEASE
            connection.execute(sa.update(jobs).where(held).values(lease_until=now + LEASE))
            sent = deliveries.c.lease_until > now + SENDING
            connection.execute(sa.update(deliveries).where(sent).values(lease_until=now + SENDING))
        return moved


def _server_time(connection: sa.Connection) -> datetime | None:
    """Return what time it is at the server; None where there is none."""
    if connection.dialect.name != "postgresql":
        return None
    told = connection.scalar(sa.text("SELECT clock_timestamp()"))
    return None if told is None else told.astimezone(UTC)


def _sooner(
    connection: sa.Connection,
    until: "sa.Column[datetime]",
    moving: sa.ColumnElement[bool],
    by: timedelta,
    now: datetime,
) -> int:
    """Move each of those moments by that much, but not before `now`; return how many rows."""
    moved = 0
    for moment in connection.scalars(sa.select(until).where(moving).distinct()).all():
        earlier = sa.update(until.table).where(until == moment, moving)
        sooner = {until.name: max(now, moment - by)}
        moved += connection.execute(earlier.values(sooner)).rowcount
    return moved
