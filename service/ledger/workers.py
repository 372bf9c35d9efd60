"""The ledger's workers in SQL."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from service.ledger.records import UnfitWorker, WorkerPresence
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import unfit_workers, workers

FORGOTTEN_AFTER = timedelta(days=1)


class SqlWorkers(Part):
    """See `service.ledger.asked.workers.Workers`."""

    __slots__ = ()

    def present(self, worker: WorkerPresence) -> None:
        """See Workers."""
        insert = self.database.insert(workers).values(**values_of(worker))
        seen = insert.on_conflict_do_update(
            index_elements=[workers.c.owner],
            set_={name: insert.excluded[name] for name in ("device", "engines", "seen_at")},
        )
        long_gone = workers.c.seen_at < self.now() - FORGOTTEN_AFTER
        with self.database.writing() as connection:
            connection.execute(seen)
            connection.execute(workers.delete().where(long_gone))
            connection.execute(unfit_workers.delete().where(_speaks_of(worker.owner)))

    def unfit(self, worker: UnfitWorker) -> None:
        """See Workers."""
        insert = self.database.insert(unfit_workers).values(**values_of(worker))
        seen = insert.on_conflict_do_update(
            index_elements=[unfit_workers.c.owner],
            set_={name: insert.excluded[name] for name in ("device", "reason", "seen_at")},
        )
        long_gone = unfit_workers.c.seen_at < self.now() - FORGOTTEN_AFTER
        with self.database.writing() as connection:
            connection.execute(seen)
            connection.execute(unfit_workers.delete().where(long_gone))
            connection.execute(workers.delete().where(workers.c.owner == worker.owner))

    def unfit_workers(self, within_s: float = 30.0) -> Sequence[UnfitWorker]:
        """See Workers."""
        since = self.now() - timedelta(seconds=within_s)
        seen = (
            sa.select(*columns_of(unfit_workers, UnfitWorker))
            .where(unfit_workers.c.seen_at >= since)
            .order_by(unfit_workers.c.owner)
        )
        with self.database.reading() as connection:
            return records_of(UnfitWorker, connection.execute(seen))

    def absent(self, owner: str) -> None:
        """See Workers."""
        with self.database.writing() as connection:
            connection.execute(workers.delete().where(workers.c.owner == owner))

    def workers(self, within_s: float = 30.0) -> Sequence[WorkerPresence]:
        """See Workers."""
        since = self.now() - timedelta(seconds=within_s)
        seen = (
            sa.select(*columns_of(workers, WorkerPresence))
            .where(workers.c.seen_at >= since)
            .order_by(workers.c.owner)
        )
        with self.database.reading() as connection:
            return records_of(WorkerPresence, connection.execute(seen))


def _speaks_of(owner: str) -> sa.ColumnElement[bool]:
    return unfit_workers.c.owner == owner
