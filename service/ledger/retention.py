"""What of the spool's bytes nobody needs any more: the ledger's side of it, in SQL."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from service.ledger.records import DeliveryState, Instance, JobState, Result
from service.ledger.rows import Part, R, columns_of, records_of
from service.ledger.tables import deliveries, instances, jobs, results, studies

_STILL = (JobState.QUEUED, JobState.RUNNING, JobState.DEAD, JobState.PARKED)
"""A job in such a state needs its images, or a person."""
_OWED = (DeliveryState.OWED, DeliveryState.PARKED)


class Retention(Protocol):
    """What the storekeeper asks of the ledger."""

    def remove_received(
        self,
        before: datetime,
        committing: Collection[str],
        remove: Callable[[Instance], None],
        limit: int,
    ) -> int:
        """Call `remove` for images of which nothing is to come, and mark them as removed.

        These are images of studies that came before `before`, are judged wholly, and of which
        no job is open, dead or parked, no delivery owed or parked, and none to a destination of
        those `committing` itself uncommitted. Returns how many, at most `limit`.
        """
        ...

    def remove_results(
        self,
        before: datetime,
        committing: Collection[str],
        remove: Callable[[Result], None],
        limit: int,
    ) -> int:
        """Likewise for results of jobs that ended before `before`."""
        ...

    def unknown_received(self, names: Sequence[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Return those (UID, version) of which no row says that their bytes are here."""
        ...

    def newest_received(self, limit: int) -> Sequence[Instance]:
        """Return the instances whose bytes should be here, the newest first."""
        ...

    def spool_usage(self) -> Mapping[str, tuple[int, int]]:
        """Return files and bytes by kind: ``received`` and ``results``."""
        ...


class SqlRetention(Part):
    """See `Retention`. A row is marked only after its file is gone, in one transaction.

    Whoever dies between the two leaves a row whose file is not there: the next round removes it
    again, which changes nothing, and marks it. The other way round a file would stay for ever.
    """

    __slots__ = ()

    def remove_received(
        self,
        before: datetime,
        committing: Collection[str],
        remove: Callable[[Instance], None],
        limit: int,
    ) -> int:
        """See Retention."""
        past = sa.select(studies.c.study_instance_uid).where(studies.c.last_received_at < before)
        chosen = (
            sa.select(*columns_of(instances, Instance))
            .where(
                instances.c.removed_at.is_(None),
                instances.c.received_at < before,
                instances.c.study_instance_uid.in_(past),
                _is_done(instances.c.study_instance_uid, committing),
            )
            .order_by(instances.c.received_at, instances.c.sop_instance_uid)
            .limit(limit)
        )
        key = ("sop_instance_uid", "version")
        return self._remove(Instance, remove, chosen, (instances, key))

    def remove_results(
        self,
        before: datetime,
        committing: Collection[str],
        remove: Callable[[Result], None],
        limit: int,
    ) -> int:
        """See Retention."""
        ended = sa.select(jobs.c.job_id).where(jobs.c.finished_at < before)
        chosen = (
            sa.select(*columns_of(results, Result))
            .where(
                results.c.removed_at.is_(None),
                results.c.job_id.in_(ended),
                _is_done(results.c.study_instance_uid, committing),
            )
            .order_by(results.c.job_id, results.c.sop_instance_uid)
            .limit(limit)
        )
        return self._remove(Result, remove, chosen, (results, ("sop_instance_uid",)))

    def _remove(
        self,
        record: type[R],
        remove: Callable[[R], None],
        chosen: sa.Select[Any],
        where: tuple[sa.Table, Sequence[str]],
    ) -> int:
        """Remove what is chosen of a table, whose rows are told apart by a key; return how many."""
        table, key = where
        with self.database.reading() as connection:
            if connection.execute(chosen.limit(1)).first() is None:
                return 0
        with self.database.writing() as connection:
            locked = chosen.with_for_update(skip_locked=True, of=table)
            found = records_of(record, connection.execute(locked))
            for one in found:
                remove(one)
                mine = sa.and_(*(table.c[name] == getattr(one, name) for name in key))
                connection.execute(table.update().where(mine).values(removed_at=self.now()))
        return len(found)

    def unknown_received(self, names: Sequence[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """See Retention."""
        name = (instances.c.sop_instance_uid, instances.c.version)
        here = sa.select(*name).where(
            sa.tuple_(*name).in_(list(names)), instances.c.removed_at.is_(None)
        )
        with self.database.reading() as connection:
            known = {(uid, version) for uid, version in connection.execute(here)}
        return set(names) - known

    def newest_received(self, limit: int) -> Sequence[Instance]:
        """See Retention."""
        newest = (
            sa.select(*columns_of(instances, Instance))
            .where(instances.c.removed_at.is_(None))
            .order_by(instances.c.received_at.desc())
            .limit(limit)
        )
        with self.database.reading() as connection:
            return records_of(Instance, connection.execute(newest))

    def spool_usage(self) -> Mapping[str, tuple[int, int]]:
        """See Retention."""
        usage = {}
        with self.database.reading() as connection:
            for name, table in (("received", instances), ("results", results)):
                summed = sa.select(sa.func.count(), sa.func.sum(table.c.size))
                row = connection.execute(summed.where(table.c.removed_at.is_(None))).one()
                usage[name] = (int(row[0]), int(row[1] or 0))
        return usage


def _is_done(study: sa.Column[str], committing: Collection[str]) -> sa.ColumnElement[bool]:
    """Say in SQL that nothing is to come of that study."""
    other = instances.alias()
    undecided = sa.exists().where(other.c.study_instance_uid == study, ~other.c.judged)
    working = sa.exists().where(jobs.c.study_instance_uid == study, jobs.c.state.in_(_STILL))
    promised = deliveries.c.destination.in_(list(committing)) & deliveries.c.committed_at.is_(None)
    owed = sa.exists().where(
        deliveries.c.study_instance_uid == study, deliveries.c.state.in_(_OWED) | promised
    )
    return ~undecided & ~working & ~owed
