"""What waits in the ledger when the clock of a host has been set back."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from service.ledger.moves import LEASE
from service.ledger.rows import Part
from service.ledger.tables import commitments, deliveries, jobs

WAITING = (jobs.c.run_at, deliveries.c.run_at, commitments.c.run_at)


class SqlClock(Part):
    """See `service.ledger.ledger.Jobs`."""

    __slots__ = ()

    def set_back(self, by: timedelta) -> int:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            moved = sum(_sooner(connection, column, by, now) for column in WAITING)
            held = jobs.c.lease_until > now + LEASE
            connection.execute(sa.update(jobs).where(held).values(lease_until=now + LEASE))
        return moved


def _sooner(
    connection: sa.Connection, column: "sa.Column[datetime]", by: timedelta, now: datetime
) -> int:
    """Move each moment after `now` by that much, but not before `now`; return how many rows."""
    table = column.table
    later = connection.scalars(sa.select(column).where(column > now).distinct())
    moved = 0
    for moment in later.all():
        changed = sa.update(table).where(column == moment)
        moved += connection.execute(changed.values({column.name: max(now, moment - by)})).rowcount
    return moved
