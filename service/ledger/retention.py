"""What of the spool's bytes may go and has gone, in SQL."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from service.ledger.asked.retention import Past
from service.ledger.bytes_owed import RECEIVED, Bytes, all_bytes, is_done, is_promised
from service.ledger.deliveries import load_deliveries
from service.ledger.may_go import came_last, image_may_go, result_may_go
from service.ledger.records import Instance, Result
from service.ledger.rows import Part, columns_of, records_of
from service.ledger.tables import (
    believed_clocks,
    completions,
    deliveries,
    instances,
    jobs,
    results,
    studies,
)

_ONLY = 1
"""The place of the one moment at which the clock was believed last."""


class SqlRetention(Part):
    """See `service.ledger.asked.retention.Retention`.

    The file of an image goes first, and then its row is marked. Whoever dies between the two
    leaves a row whose file is not there: the next round removes it again, which changes nothing,
    and marks it. A result is marked first: somebody may want it sent again just then. What dying
    leaves of it goes with the next look through the spool.
    """

    __slots__ = ()

    def received_past(self, past: Past, limit: int) -> Sequence[Instance]:
        """See Retention."""
        in_line = (instances.c.received_at, instances.c.sop_instance_uid)
        rows = sa.select(*columns_of(instances, Instance)).where(image_may_go(past))
        with self.database.reading() as connection:
            return records_of(Instance, connection.execute(rows.order_by(*in_line).limit(limit)))

    def results_past(self, past: Past, limit: int) -> Sequence[Result]:
        """See Retention."""
        in_line = (results.c.job_id, results.c.sop_instance_uid)
        rows = sa.select(*columns_of(results, Result)).where(result_may_go(past))
        with self.database.reading() as connection:
            return records_of(Result, connection.execute(rows.order_by(*in_line).limit(limit)))

    def may_image_go(self, image: Instance, past: Past) -> bool:
        """See Retention."""
        chosen = sa.select(sa.literal(1)).where(_same_image(image), image_may_go(past))
        with self.database.reading() as connection:
            return connection.execute(chosen).first() is not None

    def note_image_removed(self, image: Instance) -> None:
        """See Retention."""
        with self.database.writing() as connection:
            connection.execute(
                instances.update().where(_same_image(image)).values(removed_at=self.now())
            )

    def note_result_removed(self, result: Result, past: Past) -> bool:
        """See Retention."""
        mine = results.c.sop_instance_uid == result.sop_instance_uid
        mine &= results.c.removed_at.is_(None)
        needed = sa.select(sa.literal(1)).where(mine, ~result_may_go(past))
        removed = results.update().where(mine).values(removed_at=self.now())
        with self.database.writing() as connection:
            load_deliveries(  # locked: who wants it sent again waits
                connection, deliveries.c.study_instance_uid == result.study_instance_uid
            )
            if connection.execute(needed).first() is not None:
                return False
            return connection.execute(removed).rowcount > 0

    def results_removed(self, since: datetime, committing: Collection[str]) -> Sequence[str]:
        """See Retention."""
        here = results.alias()
        is_here = sa.exists().where(
            here.c.sop_instance_uid == results.c.sop_instance_uid, here.c.removed_at.is_(None)
        )
        removed = sa.select(results.c.sop_instance_uid).where(
            results.c.removed_at >= since,
            ~is_here,
            is_done(results.c.study_instance_uid, committing),
        )
        with self.database.reading() as connection:
            return connection.scalars(removed.distinct()).all()

    def studies_past(self, past: Past, limit: int) -> Sequence[str]:
        """See Retention."""
        study = studies.c.study_instance_uid
        image = sa.exists().where(
            instances.c.study_instance_uid == study, instances.c.removed_at.is_(None)
        )
        made = sa.exists().where(
            results.c.study_instance_uid == study, results.c.removed_at.is_(None)
        )
        came_again = sa.exists().where(
            instances.c.study_instance_uid == study,
            instances.c.removed_at.is_(None),
            came_last() >= past.before,
        )
        young = sa.exists().where(
            jobs.c.study_instance_uid == study, jobs.c.finished_at >= past.before
        )
        with self.database.reading() as connection:
            chosen = (
                sa.select(study)
                .where(
                    studies.c.last_received_at < past.before,
                    image | made,
                    ~came_again,
                    ~young,
                    is_done(study, past.committing),
                    study.not_in(is_promised(connection.dialect.name)),
                )
                .order_by(studies.c.last_received_at, study)
                .limit(limit)
            )
            return connection.scalars(chosen).all()

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

    def believe_clock(self) -> None:
        """See Retention."""
        now = {"at": self.now()}
        noted = self.database.insert(believed_clocks).values(place=_ONLY, **now)
        with self.database.writing() as connection:
            connection.execute(
                noted.on_conflict_do_update(index_elements=[believed_clocks.c.place], set_=now)
            )

    def clock_believed(self) -> datetime | None:
        """See Retention."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(believed_clocks.c.at))

    def mark_absent(self, is_there: Callable[[str, str, str], bool]) -> int:
        """See Retention."""
        with self.database.reading() as connection:
            absent = [
                one
                for one in all_bytes(connection)
                if not is_there(one.spool, one.sop_instance_uid, one.version)
            ]
        with self.database.writing() as connection:
            for one in absent:
                connection.execute(_removal_of(one).values(removed_at=self.now()))
        return len(absent)

    def forget_completions(self, before: datetime) -> int:
        """See Retention."""
        later = completions.alias()
        study = completions.c.study_instance_uid
        is_not_last = sa.exists().where(
            later.c.study_instance_uid == study, later.c.number > completions.c.number
        )
        has_images = sa.exists().where(
            instances.c.study_instance_uid == study, instances.c.removed_at.is_(None)
        )
        old = completions.c.completed_at < before
        with self.database.writing() as connection:
            gone = completions.delete().where(old, is_not_last, ~has_images)
            return connection.execute(gone).rowcount

    def spool_usage(self) -> Mapping[str, tuple[int, int]]:
        """See Retention."""
        usage = {}
        with self.database.reading() as connection:
            for name, table in (("received", instances), ("results", results)):
                summed = sa.select(sa.func.count(), sa.func.sum(table.c.size))
                row = connection.execute(summed.where(table.c.removed_at.is_(None))).one()
                usage[name] = (int(row[0]), int(row[1] or 0))
        return usage


def _same_image(image: Instance) -> sa.ColumnElement[bool]:
    """Say in SQL that it is that image, and that it has not come again since."""
    return sa.and_(
        instances.c.sop_instance_uid == image.sop_instance_uid,
        instances.c.version == image.version,
        instances.c.received_at == image.received_at,
        instances.c.removed_at.is_(None),
    )


def _removal_of(one: Bytes) -> sa.Update:
    table = instances if one.spool == RECEIVED else results
    mine = table.c.sop_instance_uid == one.sop_instance_uid
    if one.spool == RECEIVED:
        mine &= table.c.version == one.version
    return table.update().where(mine, table.c.removed_at.is_(None))
