"""The ledger's storage commitments in SQL: PS3.4 Annex J."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from service.ledger.deliveries import load_deliveries, save_delivery
from service.ledger.records import Commitment, CommitmentState, Delivery, DeliveryState
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.states import DeliveryEvent, advance_delivery
from service.ledger.tables import commitments, deliveries

ASKED_WITHIN = timedelta(days=7)
"""What was sent earlier is not asked about: the destination may not have been asked to commit."""
MOST_SENDS = 3
"""An object that was sent so often and not committed waits for a person."""


class SqlCommitments(Part):
    """See `service.ledger.asked.commitments.Commitments`."""

    __slots__ = ()

    def open_commitment(self, commitment: Commitment) -> bool:
        """See Commitments."""
        with self.database.writing() as connection:
            opened = connection.scalar(
                self.database.insert(commitments)
                .values(**values_of(commitment))
                .on_conflict_do_nothing()
                .returning(commitments.c.transaction_uid)
            )
            if opened is None:
                return False
            if commitment.is_ours:
                _ask_about(connection, commitment)
            return True

    def commitment(self, transaction_uid: str, peer: str) -> Commitment | None:
        """See Commitments."""
        mine = (commitments.c.transaction_uid == transaction_uid) & (commitments.c.peer == peer)
        with self.database.reading() as connection:
            found = _load(connection, mine)
        return found[0] if found else None

    def commitments(
        self, state: CommitmentState | None = None, limit: int = 100
    ) -> Sequence[Commitment]:
        """See Commitments."""
        chosen = sa.true() if state is None else commitments.c.state == state
        rows = sa.select(*columns_of(commitments, Commitment)).where(chosen)
        newest = rows.order_by(commitments.c.created_at.desc()).limit(limit)
        with self.database.reading() as connection:
            return records_of(Commitment, connection.execute(newest))

    def retry_commitments(self) -> int:
        """See Commitments."""
        pending = commitments.c.state != CommitmentState.DONE
        with self.database.writing() as connection:
            again = {"state": CommitmentState.OPEN, "attempts": 0, "run_at": self.now()}
            return connection.execute(commitments.update().where(pending).values(**again)).rowcount

    def forget_commitments(self, before: datetime) -> int:
        """See Commitments."""
        over = commitments.c.state == CommitmentState.DONE
        strange = ~commitments.c.is_ours & (commitments.c.state == CommitmentState.PARKED)
        old = (over | strange) & (commitments.c.created_at < before)
        with self.database.writing() as connection:
            return connection.execute(commitments.delete().where(old)).rowcount

    def due_commitments(self, peer: str | None, *, is_ours: bool) -> Sequence[Commitment]:
        """See Commitments."""
        due = (
            (commitments.c.state == CommitmentState.OPEN)
            & (commitments.c.is_ours == is_ours)
            & (commitments.c.run_at <= self.now())
        )
        if peer is not None:
            due &= commitments.c.peer == peer
        with self.database.reading() as connection:
            return _load(connection, due)

    def save_commitment(self, commitment: Commitment) -> None:
        """See Commitments."""
        with self.database.writing() as connection:
            _save(connection, commitment)

    def put_off_commitment(self, commitment: Commitment, wait: timedelta) -> None:
        """See Commitments."""
        with self.database.writing() as connection:
            _save(connection, replace(commitment, run_at=self.now() + wait))

    def uncommitted(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """See Commitments."""
        unasked = sa.select(*columns_of(deliveries, Delivery)).where(
            deliveries.c.state == DeliveryState.SENT,
            deliveries.c.destination == destination,
            deliveries.c.committed_at.is_(None),
            deliveries.c.transaction_uid == "",
            deliveries.c.sent_at > self.now() - ASKED_WITHIN,
        )
        in_line = unasked.order_by(deliveries.c.study_instance_uid, deliveries.c.sent_at)
        with self.database.reading() as connection:
            return records_of(Delivery, connection.execute(in_line.limit(limit)))

    def report_commitment(
        self, transaction_uid: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> bool:
        """See Commitments."""
        ours = (commitments.c.transaction_uid == transaction_uid) & commitments.c.is_ours
        with self.database.writing() as connection:
            found = _load(connection, ours)
            for asked in found:
                self._report(connection, asked, committed, failed)
            return bool(found)

    def _report(
        self,
        connection: sa.Connection,
        asked: Commitment,
        committed: Collection[str],
        failed: Mapping[str, int],
    ) -> None:
        now = self.now()
        for row in load_deliveries(
            connection,
            (deliveries.c.destination == asked.peer)
            & (deliveries.c.transaction_uid == asked.transaction_uid)
            & (deliveries.c.state == DeliveryState.SENT),
        ):
            if row.sop_instance_uid in committed:
                save_delivery(connection, replace(row, committed_at=now))
            elif row.sop_instance_uid in failed and row.committed_at is None:
                told = f"not committed (reason {failed[row.sop_instance_uid]:04X}H)"
                event = _uncommitted(row)
                again = replace(
                    advance_delivery(row, event), run_at=now, transaction_uid="", error=told
                )
                save_delivery(connection, again)
        mine = (commitments.c.transaction_uid == asked.transaction_uid) & (
            commitments.c.peer == asked.peer
        )
        connection.execute(
            commitments.update().where(mine).values(state=CommitmentState.DONE, error="")
        )


def _uncommitted(delivery: Delivery) -> DeliveryEvent:
    """Return what a destination that does not commit itself makes of `delivery`."""
    return DeliveryEvent.PARKED if delivery.attempts >= MOST_SENDS else DeliveryEvent.UNCOMMITTED


def _ask_about(connection: sa.Connection, commitment: Commitment) -> None:
    asked = deliveries.c.sop_instance_uid.in_(commitment.sop_instance_uids)
    still = (deliveries.c.state == DeliveryState.SENT) & (deliveries.c.transaction_uid == "")
    connection.execute(
        deliveries.update()
        .where(asked, deliveries.c.destination == commitment.peer, still)
        .values(transaction_uid=commitment.transaction_uid)
    )


def _save(connection: sa.Connection, commitment: Commitment) -> None:
    mine = (commitments.c.transaction_uid == commitment.transaction_uid) & (
        commitments.c.peer == commitment.peer
    )
    is_open = commitments.c.state == CommitmentState.OPEN
    connection.execute(commitments.update().where(mine, is_open).values(**values_of(commitment)))


def _load(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Commitment]:
    rows = sa.select(*columns_of(commitments, Commitment)).where(chosen)
    return records_of(Commitment, connection.execute(rows.order_by(commitments.c.created_at)))
