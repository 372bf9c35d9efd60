"""Jobs that are not to run before a moment because their route says so."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from service.ledger.records import JobState
from service.ledger.rows import Part
from service.ledger.tables import jobs

_ALL = [*JobState]


class Waiting(Protocol):
    """What the router asks of and does with jobs that wait."""

    def begun(self, route: str, since: datetime, but: str) -> Sequence[datetime]:
        """Return when studies of that route began or will, from `since` on, without study `but`."""
        ...

    def defer(self, route: str, until: datetime, why: str) -> int:
        """Let the queued jobs of that route that would run sooner wait; return how many."""
        ...

    def release(self, why: str, but: Collection[str]) -> int:
        """Let jobs that wait for a reason that begins with `why` wait no longer; return how many.

        Jobs of the routes `but` wait on.
        """
        ...


class SqlWaiting(Part):
    """See `Waiting`."""

    __slots__ = ()

    def begun(self, route: str, since: datetime, but: str) -> Sequence[datetime]:
        """See Waiting."""
        first = sa.func.min(jobs.c.run_at)
        rows = (
            sa.select(sa.type_coerce(first, jobs.c.run_at.type))
            .where(
                jobs.c.state.in_(_ALL),  # so that an index answers
                jobs.c.run_at >= since,
                jobs.c.route == route,
                jobs.c.study_instance_uid != but,
            )
            .group_by(jobs.c.study_instance_uid)
        )
        with self.database.reading() as connection:
            return sorted(connection.scalars(rows))

    def defer(self, route: str, until: datetime, why: str) -> int:
        """See Waiting."""
        sooner = (
            (jobs.c.state == JobState.QUEUED) & (jobs.c.run_at < until) & (jobs.c.route == route)
        )
        return self._change(sooner, why, until)

    def release(self, why: str, but: Collection[str]) -> int:
        """See Waiting."""
        waiting = (
            (jobs.c.state == JobState.QUEUED)
            & jobs.c.waits.startswith(why, autoescape=True)
            & jobs.c.route.not_in(list(but))
        )
        return self._change(waiting, "")

    def _change(
        self, chosen: sa.ColumnElement[bool], waits: str, until: datetime | None = None
    ) -> int:
        with self.database.reading() as connection:
            if connection.scalar(sa.select(jobs.c.job_id).where(chosen).limit(1)) is None:
                return 0
        with self.database.writing() as connection:
            changed = jobs.update().where(chosen).values(run_at=until or self.now(), waits=waits)
            return connection.execute(changed).rowcount
