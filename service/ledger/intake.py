"""The ledger's intake in SQL."""

from collections.abc import Sequence

import sqlalchemy as sa

from service.errors import BadObjectError
from service.ledger.records import Instance, Refusal
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import instances, refusals, studies

KEPT_REFUSALS = 10_000
"""The newest ones: whoever is refused without end shall not fill the ledger."""


class SqlIntake(Part):
    """See `service.ledger.ledger.Intake`."""

    __slots__ = ()

    def versions(self, sop_instance_uid: str) -> Sequence[Instance]:
        """See Intake."""
        kept = sa.select(*columns_of(instances, Instance)).where(
            instances.c.sop_instance_uid == sop_instance_uid
        )
        with self.database.reading() as connection:
            rows = connection.execute(kept.order_by(instances.c.received_at, instances.c.version))
            return records_of(Instance, rows)

    def record(self, instance: Instance) -> bool:
        """See Intake."""
        with self.database.writing() as connection:
            inserted = connection.scalar(
                self.database.insert(instances)
                .values(**values_of(instance), judged=False)
                .on_conflict_do_nothing()
                .returning(instances.c.sop_instance_uid)
            )
            if inserted is None:
                _put_back(connection, instance)
                return False
            connection.execute(self._study_of(instance))
            return True

    def refuse(self, refusal: Refusal) -> None:
        """See Intake."""
        written = refusals.insert().values(**values_of(refusal)).returning(refusals.c.number)
        with self.database.writing() as connection:
            number: int = connection.execute(written).scalar_one()
            old = refusals.c.number <= number - KEPT_REFUSALS
            connection.execute(refusals.delete().where(old))

    def _study_of(self, instance: Instance) -> sa.Insert:
        insert = self.database.insert(studies).values(
            study_instance_uid=instance.study_instance_uid,
            calling_ae_title=instance.calling_ae_title,
            first_received_at=instance.received_at,
            last_received_at=instance.received_at,
            complete_asked=False,
        )
        return insert.on_conflict_do_update(
            index_elements=[studies.c.study_instance_uid],
            set_={"last_received_at": insert.excluded.last_received_at},
        )


def _put_back(connection: sa.Connection, instance: Instance) -> None:
    """Note that the bytes of a known instance are here: they may have been removed before."""
    mine = (instances.c.sop_instance_uid == instance.sop_instance_uid) & (
        instances.c.version == instance.version
    )
    kept = connection.scalar(sa.select(instances.c.digest).where(mine))
    if kept != instance.digest:
        raise BadObjectError(f"other bytes are already kept under {instance.sop_instance_uid}")
    there = mine & instances.c.removed_at.is_not(None)
    again = {"removed_at": None, "received_at": instance.received_at}
    connection.execute(instances.update().where(there).values(**again))
