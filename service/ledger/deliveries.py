"""The ledger's deliveries in SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.errors import UnknownError
from service.ledger.moves import LONGEST_ERROR
from service.ledger.records import Delivery, DeliveryState, Original, Result
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.states import DeliveryEvent, advance_delivery
from service.ledger.tables import deliveries, instances, results


class SqlDeliveries(Part):
    """See `service.ledger.asked.deliveries.Deliveries`."""

    __slots__ = ()

    def owed(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """See Deliveries."""
        line = sa.select(*columns_of(deliveries, Delivery)).where(self._free(destination))
        with self.database.reading() as connection:
            return records_of(Delivery, connection.execute(line.order_by(*_LINE).limit(limit)))

    def take_owed(
        self, destination: str, owner: str, lease_s: float, limit: int
    ) -> Sequence[Delivery]:
        """See Deliveries."""
        line = sa.select(*columns_of(deliveries, Delivery)).where(self._free(destination))
        line = line.order_by(*_LINE).limit(limit)
        with self.database.reading() as connection:
            if connection.execute(line.limit(1)).first() is None:
                return []
        until = self.now() + timedelta(seconds=lease_s)
        with self.database.writing() as connection:
            rows = connection.execute(line.with_for_update(skip_locked=True))
            taken = [
                replace(row, owner=owner, lease_until=until) for row in records_of(Delivery, rows)
            ]
            for delivery in taken:
                save_delivery(connection, delivery)
        return taken

    def hold_deliveries(self, held: Sequence[Delivery], lease_s: float) -> None:
        """See Deliveries."""
        until = self.now() + timedelta(seconds=lease_s)
        self._change_held(held, lease_until=until)

    def give_back_deliveries(self, held: Sequence[Delivery]) -> None:
        """See Deliveries."""
        self._change_held(held, owner="", lease_until=None)

    def free_deliveries(self, is_gone: Callable[[str], bool]) -> int:
        """See Deliveries."""
        holding = sa.select(deliveries.c.owner).where(_HELD).distinct()
        with self.database.reading() as connection:
            gone = [owner for owner in connection.scalars(holding) if is_gone(owner)]
        if not gone:
            return 0
        freed = deliveries.update().where(_HELD, deliveries.c.owner.in_(gone))
        with self.database.writing() as connection:
            return connection.execute(freed.values(owner="", lease_until=None)).rowcount

    def note_unreachable(self, destination: str, error: str) -> None:
        """See Deliveries."""
        waiting = (deliveries.c.state == DeliveryState.OWED) & (
            deliveries.c.destination == destination
        )
        note = deliveries.update().where(waiting, deliveries.c.attempts == 0)
        with self.database.writing() as connection:
            connection.execute(note.values(error=error[:LONGEST_ERROR]))

    def sent(self, delivery: Delivery, remark: str = "") -> None:
        """See Deliveries."""
        now = self.now()
        with self.database.writing() as connection:
            for row in _unsent(connection, delivery):
                sent = advance_delivery(row, DeliveryEvent.ACKNOWLEDGED)
                done = replace(
                    sent,
                    attempts=sent.attempts + 1,
                    sent_at=now,
                    error=remark[:LONGEST_ERROR],
                    owner="",
                    lease_until=None,
                )
                save_delivery(connection, done)

    def sent_since(self, destination: str, moment: datetime) -> Sequence[Delivery]:
        """See Deliveries."""
        rows = sa.select(*columns_of(deliveries, Delivery)).where(
            deliveries.c.state == DeliveryState.SENT,
            deliveries.c.destination == destination,
            deliveries.c.sent_at > moment,
        )
        with self.database.reading() as connection:
            return records_of(Delivery, connection.execute(rows.order_by(deliveries.c.sent_at)))

    def remark(self, delivery: Delivery, remark: str) -> None:
        """See Deliveries."""
        sent = _is(delivery) & (deliveries.c.state == DeliveryState.SENT)
        with self.database.writing() as connection:
            for row in load_deliveries(connection, sent):
                told = "; ".join(filter(None, [row.error, remark]))
                save_delivery(connection, replace(row, error=told[:LONGEST_ERROR]))

    def postpone(self, delivery: Delivery, wait: timedelta, error: str) -> None:
        """See Deliveries."""
        self._fail(delivery, DeliveryEvent.POSTPONED, error, wait)

    def park(self, delivery: Delivery, error: str) -> None:
        """See Deliveries."""
        self._fail(delivery, DeliveryEvent.PARKED, error)

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

    def retry_deliveries(
        self, destination: str | None = None, study_instance_uid: str | None = None
    ) -> int:
        """See Deliveries."""
        waiting = (deliveries.c.state == DeliveryState.PARKED) | (
            (deliveries.c.state == DeliveryState.OWED) & (deliveries.c.run_at > self.now())
        )
        if destination is not None:
            waiting &= deliveries.c.destination == destination
        if study_instance_uid is not None:
            waiting &= deliveries.c.study_instance_uid == study_instance_uid
        return self._owe_again(waiting, DeliveryEvent.RETRIED)

    def resend(self, study_instance_uid: str, destination: str) -> int:
        """See Deliveries."""
        gone = sa.select(results.c.sop_instance_uid).where(
            results.c.study_instance_uid == study_instance_uid, results.c.removed_at.is_not(None)
        )
        removed = sa.select(instances.c.sop_instance_uid, instances.c.version).where(
            instances.c.study_instance_uid == study_instance_uid,
            instances.c.removed_at.is_not(None),
        )
        version = sa.tuple_(deliveries.c.sop_instance_uid, deliveries.c.version)
        named = (
            (deliveries.c.destination == destination)
            & (deliveries.c.study_instance_uid == study_instance_uid)
            & deliveries.c.sop_instance_uid.not_in(gone)
            & ~(deliveries.c.is_original & version.in_(removed))
        )
        with self.database.writing() as connection:
            mine = deliveries.c.study_instance_uid == study_instance_uid
            load_deliveries(connection, mine)  # locked: then it is known what has just been removed
            count = self._owe_anew(connection, named, DeliveryEvent.RESENT)
        if not count:
            raise UnknownError(
                f"{destination} was to receive nothing that is still kept "
                f"of study {study_instance_uid}"
            )
        return count

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

    def _fail(
        self, delivery: Delivery, event: DeliveryEvent, error: str, wait: timedelta | None = None
    ) -> None:
        with self.database.writing() as connection:
            for row in _unsent(connection, delivery):
                if row.owner != delivery.owner:  # its lease ran out, and another sends it
                    continue
                failed = replace(
                    advance_delivery(row, event),
                    attempts=row.attempts + 1,
                    run_at=row.run_at if wait is None else self.now() + wait,
                    error=error[:LONGEST_ERROR],
                    owner="",
                    lease_until=None,
                )
                save_delivery(connection, failed)

    def _owe_again(self, chosen: sa.ColumnElement[bool], event: DeliveryEvent) -> int:
        with self.database.writing() as connection:
            return self._owe_anew(connection, chosen, event)

    def _owe_anew(
        self, connection: sa.Connection, chosen: sa.ColumnElement[bool], event: DeliveryEvent
    ) -> int:
        rows = load_deliveries(connection, chosen)
        now = self.now()
        for row in rows:
            again = replace(
                advance_delivery(row, event),
                run_at=now,
                attempts=0,
                committed_at=None,
                transaction_uid="",
            )
            save_delivery(connection, again)
        return len(rows)

    def _free(self, destination: str) -> sa.ColumnElement[bool]:
        """Return what is due there and nobody is sending."""
        now = self.now()
        free = (deliveries.c.owner == "") | (deliveries.c.lease_until < now)
        return sa.and_(
            deliveries.c.state == DeliveryState.OWED,
            deliveries.c.destination == destination,
            deliveries.c.run_at <= now,
            free,
        )

    def _change_held(self, held: Sequence[Delivery], **values: Any) -> None:  # noqa: ANN401
        if not held:
            return
        with self.database.writing() as connection:
            for one in held:
                mine = _is(one) & _HELD & (deliveries.c.owner == one.owner)
                connection.execute(deliveries.update().where(mine).values(**values))


_LINE = (deliveries.c.priority, deliveries.c.owed_at, deliveries.c.sop_instance_uid)
"""The order in which deliveries go out."""
_HELD = (deliveries.c.state == DeliveryState.OWED) & (deliveries.c.owner != "")


def pass_on(
    connection: sa.Connection,
    insert: postgresql.Insert | sqlite.Insert,
    original: Original,
    now: datetime,
) -> None:
    """Owe `original` to its destinations; `insert` is one into `deliveries`.

    What is owed or was sent already stays so, unless it is another version.
    """
    one = original.instance
    for destination in original.send_to:
        delivery = Delivery(
            "", one.sop_instance_uid, one.sop_class_uid, destination, original.run_at
        )
        told = replace(delivery, is_original=True, version=one.version)
        values = values_of(told) | {
            "study_instance_uid": one.study_instance_uid,
            "priority": original.priority,
            "owed_at": now,
        }
        anew = insert.values(**values).on_conflict_do_update(
            index_elements=list(deliveries.primary_key),
            set_={column: values[column] for column in values_of(told)},
            where=deliveries.c.is_original & (deliveries.c.version != one.version),
        )
        connection.execute(anew)


def load_deliveries(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Delivery]:
    """Return the chosen deliveries, locked until the transaction ends."""
    rows = sa.select(*columns_of(deliveries, Delivery)).where(chosen).with_for_update()
    return records_of(Delivery, connection.execute(rows))


def save_delivery(connection: sa.Connection, delivery: Delivery) -> None:
    """Put `delivery` in place of the one of the same object and destination."""
    connection.execute(deliveries.update().where(_is(delivery)).values(**values_of(delivery)))


def _unsent(connection: sa.Connection, delivery: Delivery) -> list[Delivery]:
    """Return `delivery` as it stands, unless somebody has sent it already: nothing undoes that."""
    unsent = _is(delivery) & (deliveries.c.state != DeliveryState.SENT)
    return load_deliveries(connection, unsent)


def _is(delivery: Delivery) -> sa.ColumnElement[bool]:
    return (deliveries.c.sop_instance_uid == delivery.sop_instance_uid) & (
        deliveries.c.destination == delivery.destination
    )
