"""What came of studies and what was decided of it, read for many of them at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from service.ledger.records import Decision, Instance, Job
from service.ledger.rows import Part, columns_of
from service.ledger.tables import decisions, instances, jobs, studies

AT_ONCE = 200
"""Studies that are read by one question: one for each study would cost more than all the rest."""


@dataclass(frozen=True, slots=True)
class History:
    """A study as it came, and what was made of it."""

    study_instance_uid: str
    instances: Sequence[Instance]
    """In the order they came."""
    decisions: Sequence[Decision]
    jobs: Sequence[Job]


class Histories(Protocol):
    """What is asked of the ledger by who looks back."""

    def study_uids(self, since: datetime | None = None) -> Sequence[str]:
        """Return the studies of which something came at `since` or later, oldest first."""
        ...

    def histories(self, study_instance_uids: Sequence[str]) -> Iterator[History]:
        """Yield those of these studies that are known, in that order."""
        ...


class SqlHistories(Part):
    """See `Histories`."""

    __slots__ = ()

    def study_uids(self, since: datetime | None = None) -> Sequence[str]:
        """See Histories."""
        asked = sa.select(studies.c.study_instance_uid).order_by(studies.c.last_received_at)
        if since is not None:
            asked = asked.where(studies.c.last_received_at >= since)
        with self.database.reading() as connection:
            return connection.scalars(asked).all()

    def histories(self, study_instance_uids: Sequence[str]) -> Iterator[History]:
        """See Histories."""
        for start in range(0, len(study_instance_uids), AT_ONCE):
            some = study_instance_uids[start : start + AT_ONCE]
            with self.database.reading() as connection:
                found = _Found.of(connection, some)
            for uid in some:
                if uid in found.instances:
                    yield History(
                        uid,
                        tuple(found.instances[uid]),
                        tuple(found.decisions.get(uid, ())),
                        tuple(found.jobs.get(uid, ())),
                    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows, by their studies."""

    instances: dict[str, list[Instance]]
    decisions: dict[str, list[Decision]]
    jobs: dict[str, list[Job]]

    @classmethod
    def of(cls, connection: sa.Connection, uids: Sequence[str]) -> "_Found":
        """Read what belongs to these studies."""
        study = instances.c.study_instance_uid
        same = (decisions.c.sop_instance_uid == instances.c.sop_instance_uid) & (
            decisions.c.version == instances.c.version
        )
        came = sa.select(*columns_of(instances, Instance), study.label("of_study"))
        decided = sa.select(*columns_of(decisions, Decision), study.label("of_study"))
        made = sa.select(*columns_of(jobs, Job), jobs.c.study_instance_uid.label("of_study"))
        return cls(
            _by_study(
                connection,
                Instance,
                came.where(study.in_(uids)).order_by(
                    instances.c.received_at, instances.c.sop_instance_uid
                ),
            ),
            _by_study(
                connection,
                Decision,
                decided.join_from(decisions, instances, same).where(study.in_(uids)),
            ),
            _by_study(connection, Job, made.where(jobs.c.study_instance_uid.in_(uids))),
        )


def _by_study(
    connection: sa.Connection, record: type[Any], asked: sa.Select[Any]
) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for *values, uid in connection.execute(asked):
        found[uid].append(record(*values))
    return dict(found)
