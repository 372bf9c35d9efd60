"""What in the ledger waits for a person, in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.ledger.notifying import Heap
from service.ledger.records import DeliveryState, JobState
from service.ledger.rows import Part
from service.ledger.tables import deliveries, jobs, notices, refusals, studies

MOST_HEAPS = 200
"""Of a kind: more than there are pipelines, destinations or known senders; who invents AE titles
shall not fill a ledger."""
REFUSED = "refused: %"
"""How the reason begins where the destination was reached and would not have it."""


class SqlHeaps(Part):
    """See `service.ledger.notifying.Heaps`."""

    __slots__ = ()

    def given_up(self) -> Sequence[tuple[JobState, Heap]]:
        """See Heaps."""
        found = []
        with self.database.reading() as connection:
            for state in (JobState.DEAD, JobState.PARKED):
                rows = _Rows(jobs, jobs.c.state == state, jobs.c.pipeline, jobs.c.finished_at)
                found += [(state, heap) for heap in rows.heaps(connection, jobs.c.error)]
        return found

    def parked_deliveries(self) -> Sequence[Heap]:
        """See Heaps."""
        parked = deliveries.c.state == DeliveryState.PARKED
        rows = _Rows(deliveries, parked, deliveries.c.destination, deliveries.c.run_at)
        with self.database.reading() as connection:
            return rows.heaps(connection, deliveries.c.error)

    def unreached(self, longer_than: timedelta) -> Sequence[Heap]:
        """See Heaps."""
        before = self.now() - longer_than
        began = sa.case((deliveries.c.attempts == 0, deliveries.c.run_at), else_=_OWED_AT)
        waits = sa.and_(
            deliveries.c.state == DeliveryState.OWED,
            deliveries.c.error != "",
            deliveries.c.error.not_like(REFUSED),
            began <= before,
        )
        rows = _Rows(deliveries, waits, deliveries.c.destination, deliveries.c.owed_at)
        with self.database.reading() as connection:
            heaps = rows.heaps(connection, deliveries.c.error)
            return [heap for heap in heaps if not _took_since(connection, heap.name, before)]

    def held_studies(self) -> Sequence[Heap]:
        """See Heaps."""
        rows = _Rows(studies, studies.c.held != "", None, studies.c.last_received_at)
        noted = sa.select(sa.func.max(notices.c.noted_at)).where(notices.c.kind == "held")
        with self.database.reading() as connection:
            heaps = rows.heaps(connection, studies.c.held)
            held_at = connection.scalar(noted) if heaps else None
        return [replace(heap, newest=held_at or heap.newest) for heap in heaps]

    def incomplete_studies(self, within: timedelta) -> Sequence[Heap]:
        """See Heaps."""
        lately = (notices.c.kind == "incomplete") & (notices.c.noted_at > self.now() - within)
        rows = _Rows(notices, lately, None, notices.c.noted_at)
        with self.database.reading() as connection:
            return rows.heaps(connection, notices.c.told)

    def refused_senders(self, more_than: int, within: timedelta) -> Sequence[Heap]:
        """See Heaps."""
        lately = refusals.c.refused_at > self.now() - within
        rows = _Rows(refusals, lately, refusals.c.calling_ae_title, refusals.c.refused_at)
        with self.database.reading() as connection:
            return rows.heaps(connection, refusals.c.reason, more_than)


_OWED_AT = deliveries.c.owed_at


class _Rows:
    """Rows of a table that make heaps: by `name`, in the order of `moment`."""

    def __init__(
        self,
        table: sa.Table,
        chosen: sa.ColumnElement[bool],
        name: "sa.Column[str] | None",
        moment: "sa.Column[datetime]",
    ) -> None:
        self.table = table
        self.chosen = chosen
        self.name: sa.ColumnElement[Any] = sa.literal_column("''") if name is None else name
        self.moment = moment
        self.kinds = [] if name is None else [name]

    def heaps(
        self, connection: sa.Connection, reason: "sa.Column[str]", more_than: int = 0
    ) -> list[Heap]:
        """Return the heaps of more than that many rows, the largest first."""
        count = sa.func.count()
        kinds = (
            sa.select(self.name, count, sa.func.min(self.moment), sa.func.max(self.moment))
            .where(self.chosen)
            .group_by(*self.kinds)
            .having(count > more_than)
            .order_by(count.desc(), *self.kinds)
            .limit(MOST_HEAPS)
        )
        last = (
            sa.select(reason, self.table.c.study_instance_uid)
            .where(self.chosen)
            .order_by(self.moment.desc())
            .limit(1)
        )
        found = []
        for name, many, since, newest in connection.execute(kinds).all():
            said, study = connection.execute(last.where(self.name == name)).one()
            found.append(Heap(name, many, since, newest, said, study))
        return found


def _took_since(connection: sa.Connection, destination: str, moment: datetime) -> bool:
    """Return whether that destination took anything after `moment`."""
    taken = sa.select(deliveries.c.sop_instance_uid).where(
        deliveries.c.state == DeliveryState.SENT,
        deliveries.c.destination == destination,
        deliveries.c.sent_at > moment,
    )
    return connection.execute(taken.limit(1)).first() is not None
