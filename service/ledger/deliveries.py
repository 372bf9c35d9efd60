"""The ledger's deliveries in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from service.ledger.moves import LONGEST_ERROR
from service.ledger.records import Delivery, DeliveryState, Result
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.states import DeliveryEvent, advance_delivery
from service.ledger.tables import deliveries, results


class SqlDeliveries(Part):
    """See `service.ledger.ledger.Deliveries`."""

    __slots__ = ()

    def owed(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """See Deliveries."""
        line = (
            sa.select(*columns_of(deliveries, Delivery))
            .where(
                deliveries.c.state == DeliveryState.OWED,
                deliveries.c.destination == destination,
                deliveries.c.run_at <= self.now(),
            )
            .order_by(deliveries.c.priority, deliveries.c.owed_at, deliveries.c.sop_instance_uid)
        )
        with self.database.reading() as connection:
            return records_of(Delivery, connection.execute(line.limit(limit)))

    def sent(self, delivery: Delivery) -> None:
        """See Deliveries."""
        now = self.now()
        with self.database.writing() as connection:
            for row in _unsent(connection, delivery):
                sent = advance_delivery(row, DeliveryEvent.ACKNOWLEDGED)
                _save(connection, replace(sent, attempts=sent.attempts + 1, sent_at=now, error=""))

    def postpone(self, delivery: Delivery, until: datetime, error: str) -> None:
        """See Deliveries."""
        self._fail(delivery, DeliveryEvent.POSTPONED, until, error)

    def park(self, delivery: Delivery, error: str) -> None:
        """See Deliveries."""
        self._fail(delivery, DeliveryEvent.PARKED, delivery.run_at, error)

    def deliveries(
        self,
        study_instance_uid: str | None = None,
        state: DeliveryState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Delivery]:
        """See Deliveries."""
        newest = sa.select(*columns_of(deliveries, Delivery)).order_by(
            deliveries.c.owed_at.desc(), deliveries.c.sop_instance_uid, deliveries.c.destination
        )
        if study_instance_uid is not None:
            newest = newest.where(deliveries.c.study_instance_uid == study_instance_uid)
        if state is not None:
            newest = newest.where(deliveries.c.state == state)
        with self.database.reading() as connection:
            return records_of(Delivery, connection.execute(newest.limit(limit)))

    def retry_deliveries(self, destination: str | None = None) -> int:
        """See Deliveries."""
        now = self.now()
        waiting = (deliveries.c.state == DeliveryState.PARKED) | (
            (deliveries.c.state == DeliveryState.OWED) & (deliveries.c.run_at > now)
        )
        if destination is not None:
            waiting &= deliveries.c.destination == destination
        with self.database.writing() as connection:
            rows = _load(connection, waiting)
            for row in rows:
                again = advance_delivery(row, DeliveryEvent.RETRIED)
                _save(connection, replace(again, run_at=now, attempts=0))
        return len(rows)

    def results(self, job_id: str) -> Sequence[Result]:
        """See Deliveries."""
        made = (
            sa.select(*columns_of(results, Result))
            .where(results.c.job_id == job_id)
            .order_by(results.c.sop_instance_uid)
        )
        with self.database.reading() as connection:
            return records_of(Result, connection.execute(made))

    def delivery_counts(self) -> Mapping[tuple[str, str], int]:
        """See Deliveries."""
        kinds = (deliveries.c.destination, deliveries.c.state)
        with self.database.reading() as connection:
            counts = connection.execute(sa.select(*kinds, sa.func.count()).group_by(*kinds))
            return {(destination, str(state)): count for destination, state, count in counts}

    def _fail(self, delivery: Delivery, event: DeliveryEvent, run_at: datetime, error: str) -> None:
        with self.database.writing() as connection:
            for row in _unsent(connection, delivery):
                failed = replace(
                    advance_delivery(row, event),
                    attempts=row.attempts + 1,
                    run_at=run_at,
                    error=error[:LONGEST_ERROR],
                )
                _save(connection, failed)


def _load(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Delivery]:
    rows = sa.select(*columns_of(deliveries, Delivery)).where(chosen).with_for_update()
    return records_of(Delivery, connection.execute(rows))


def _unsent(connection: sa.Connection, delivery: Delivery) -> list[Delivery]:
    """Return `delivery` as it stands, unless somebody has sent it already: nothing undoes that."""
    return _load(connection, _is(delivery) & (deliveries.c.state != DeliveryState.SENT))


def _is(delivery: Delivery) -> sa.ColumnElement[bool]:
    return (deliveries.c.sop_instance_uid == delivery.sop_instance_uid) & (
        deliveries.c.destination == delivery.destination
    )


def _save(connection: sa.Connection, delivery: Delivery) -> None:
    connection.execute(deliveries.update().where(_is(delivery)).values(**values_of(delivery)))
