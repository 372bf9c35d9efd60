"""The ledger's intake in SQL."""

from typing import Any

import sqlalchemy as sa

from service.errors import BadObjectError
from service.ledger.records import Instance, Refusal
from service.ledger.rows import Part, values_of
from service.ledger.tables import instances, refusals, studies


class SqlIntake(Part):
    """See `service.ledger.ledger.Intake`."""

    __slots__ = ()

    def knows(self, instance: Instance) -> bool:
        """See Intake."""
        with self.database.reading() as connection:
            return _is_known(connection, instance)

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
                return not _is_known(connection, instance)
            connection.execute(self._study_of(instance))
            return True

    def refuse(self, refusal: Refusal) -> None:
        """See Intake."""
        with self.database.writing() as connection:
            connection.execute(refusals.insert().values(**values_of(refusal)))

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


def _is_known(connection: sa.Connection, instance: Instance) -> bool:
    uid = instance.sop_instance_uid
    kept: Any = connection.scalar(
        sa.select(instances.c.digest).where(instances.c.sop_instance_uid == uid)
    )
    if kept is not None and kept != instance.digest:
        raise BadObjectError(f"other bytes are already kept under {uid}")
    return kept is not None
