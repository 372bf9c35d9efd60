"""The ledger's intake in SQL."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.errors import BadObjectError
from service.ledger.records import Instance, Refusal
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import instances, refusals, studies

KEPT_REFUSALS = 10_000
"""The newest ones: whoever is refused without end shall not fill the ledger."""


class SqlIntake(Part):
    """See `service.ledger.asked.intake.Intake`."""

    __slots__ = ()

    def versions(self, sop_instance_uid: str) -> Sequence[Instance]:
        """See Intake."""
        with self.database.reading() as connection:
            rows = connection.execute(_VERSIONS, {"uid": sop_instance_uid})
            return records_of(Instance, rows)

    def record(self, instance: Instance) -> bool:
        """See Intake."""

        def write(connection: sa.Connection) -> bool:
            insert, upsert = _recording(connection.dialect.name)
            values = values_of(instance) | {"judged": False}
            if connection.execute(insert, values).first() is None:
                _put_back(connection, instance)
                return False
            connection.execute(upsert, _study_of(instance))
            return True

        return self.database.together(write)

    def record_first(self, instance: Instance) -> bool:
        """See Intake."""

        def write(connection: sa.Connection) -> bool:
            insert, upsert = _recording(connection.dialect.name)
            if connection.execute(insert, values_of(instance) | {"judged": False}).first() is None:
                return False  # the first bytes under a UID are its version without a name
            connection.execute(upsert, _study_of(instance))
            return True

        return self.database.together(write)

    def note_sent_again(self, instance: Instance, moment: datetime) -> None:
        """See Intake."""
        again = instances.update().where(_is(instance)).values(sent_again_at=moment)
        self.database.together(lambda connection: connection.execute(again))

    def refuse(self, refusal: Refusal) -> None:
        """See Intake."""
        written = refusals.insert().values(**values_of(refusal)).returning(refusals.c.number)
        with self.database.writing() as connection:
            number: int = connection.execute(written).scalar_one()
            old = refusals.c.number <= number - KEPT_REFUSALS
            connection.execute(refusals.delete().where(old))


_VERSIONS = (
    sa.select(*columns_of(instances, Instance))
    .where(instances.c.sop_instance_uid == sa.bindparam("uid"))
    .order_by(instances.c.received_at, instances.c.version)
)


@cache
def _recording(dialect: str) -> tuple[sa.Executable, sa.Executable]:
    """Return the statements that write an instance and its study down, made once."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    instance = insert(instances).on_conflict_do_nothing()
    study = insert(studies)
    return (
        instance.returning(instances.c.sop_instance_uid),
        study.on_conflict_do_update(
            index_elements=[studies.c.study_instance_uid],
            set_={"last_received_at": study.excluded.last_received_at},
        ),
    )


def _study_of(instance: Instance) -> dict[str, Any]:
    return {
        "study_instance_uid": instance.study_instance_uid,
        "calling_ae_title": instance.calling_ae_title,
        "first_received_at": instance.received_at,
        "last_received_at": instance.received_at,
        "complete_asked": False,
        "held": "",
    }


def _put_back(connection: sa.Connection, instance: Instance) -> None:
    """Note that the bytes of a known instance are here: they may have been removed before."""
    mine = _is(instance)
    kept = connection.scalar(sa.select(instances.c.digest).where(mine))
    if kept != instance.digest:
        raise BadObjectError(f"other bytes are already kept under {instance.sop_instance_uid}")
    again = {"removed_at": None, "received_at": instance.received_at}  # it is kept as long again
    connection.execute(instances.update().where(mine).values(**again))


def _is(instance: Instance) -> sa.ColumnElement[bool]:
    return (instances.c.sop_instance_uid == instance.sop_instance_uid) & (
        instances.c.version == instance.version
    )
