"""Which bytes of the spool a ledger speaks of, and which of them are still needed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from service.ledger.records import DeliveryState, JobState
from service.ledger.tables import commitments, deliveries, instances, jobs, results

RECEIVED, RESULTS = "received", "results"
_STILL = (JobState.QUEUED, JobState.RUNNING, JobState.DEAD, JobState.PARKED)
"""A job in such a state needs its images, or a person."""
_OWED = (DeliveryState.OWED, DeliveryState.PARKED)


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file of a spool."""

    spool: str
    sop_instance_uid: str
    version: str


def all_bytes(connection: sa.Connection) -> Iterator[Bytes]:
    """Yield every file that the ledger says is here."""
    return _bytes(connection, sa.true(), sa.true())


def owed_bytes(connection: sa.Connection, committing: Collection[str]) -> Iterator[Bytes]:
    """Yield the files of studies of which something is to come, or that we committed ourselves to.

    `committing` are the destinations that are to commit themselves to storage.
    """
    promised = is_promised(connection.dialect.name)
    return _bytes(
        connection,
        ~is_done(instances.c.study_instance_uid, committing)
        | instances.c.study_instance_uid.in_(promised),
        ~is_done(results.c.study_instance_uid, committing),
    )


def is_done(study: sa.ColumnElement[str], committing: Collection[str]) -> sa.ColumnElement[bool]:
    """Say in SQL that nothing is to come of that study."""
    other = instances.alias()
    undecided = sa.exists().where(other.c.study_instance_uid == study, ~other.c.judged)
    working = sa.exists().where(jobs.c.study_instance_uid == study, jobs.c.state.in_(_STILL))
    promised = deliveries.c.destination.in_(list(committing)) & deliveries.c.committed_at.is_(None)
    owed = sa.exists().where(
        deliveries.c.study_instance_uid == study, deliveries.c.state.in_(_OWED) | promised
    )
    return ~undecided & ~working & ~owed


def is_promised(dialect: str) -> sa.Select[tuple[str]]:
    """Select the studies of images that somebody asked us to commit ourselves to: PS3.4 Annex J."""
    column = commitments.c.sop_instance_uids
    if dialect == "sqlite":
        each = sa.func.json_each(column).table_valued("value")
    else:
        each = sa.func.json_array_elements_text(column).table_valued("value").render_derived()
    asked = sa.select(each.c.value).select_from(commitments.join(each, sa.true()))
    named = asked.where(~commitments.c.is_ours)
    return sa.select(instances.c.study_instance_uid).where(instances.c.sop_instance_uid.in_(named))


def _bytes(
    connection: sa.Connection, images: sa.ColumnElement[bool], made: sa.ColumnElement[bool]
) -> Iterator[Bytes]:
    came = sa.select(instances.c.sop_instance_uid, instances.c.version)
    for row in connection.execute(came.where(instances.c.removed_at.is_(None), images)):
        yield Bytes(RECEIVED, row.sop_instance_uid, row.version)
    sent = sa.select(results.c.sop_instance_uid).distinct()
    for row in connection.execute(sent.where(results.c.removed_at.is_(None), made)):
        yield Bytes(RESULTS, row.sop_instance_uid, "")
