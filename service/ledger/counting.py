"""What the processes of a node count and measure, added up so that it survives them, in SQL."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.ledger.records import DeliveryState, JobState
from service.ledger.rows import Part, columns_of, values_of
from service.ledger.tables import counts, deliveries, jobs, processes, studies, turnarounds
from service.sample import Sample

FORGOTTEN_AFTER = timedelta(days=1)
"""A process that was silent for so long is not remembered."""
SILENT_S = 30.0
"""One that was silent for so long is not spoken for."""
_OPEN = (JobState.QUEUED, JobState.RUNNING)
_ENDED = tuple(state for state in JobState if state not in _OPEN)

Insert: TypeAlias = postgresql.Insert | sqlite.Insert
InsertInto: TypeAlias = Callable[[sa.Table], Insert]


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the node, as it last said of itself."""

    owner: str
    """As it signs what it holds; see `service.worker.owner`."""
    host: str
    roles: tuple[str, ...]
    started_at: datetime
    seen_at: datetime
    measures: tuple[Sample, ...] = ()
    """What it measured then: it replaces what it measured before."""


@dataclass(frozen=True, slots=True)
class Through:
    """A study that went through a route, to the last result acknowledged."""

    study_instance_uid: str
    route: str
    rerun: int
    seconds: float
    """Since its last image was received."""
    through_at: datetime


class Counting(Protocol):
    """What is counted by many processes, some of which are no more."""

    def tell(self, process: Process, counted: Sequence[Sample]) -> datetime:
        """Remember that `process` lives and what it measured, and add what it `counted`.

        Returns when any process of the node spoke last, by its own clock.
        """
        ...

    def part(self, owner: str) -> None:
        """Forget that process: it ends in good order. What it counted stays."""
        ...

    def counted(self) -> Sequence[Sample]:
        """Return the sums of all that was ever counted."""
        ...

    def processes(self, within_s: float = SILENT_S) -> Sequence[Process]:
        """Return the processes that spoke in the last `within_s` seconds."""
        ...

    def note_through(
        self, job_id: str, counted_of: Callable[[Through], Collection[Sample]]
    ) -> Through | None:
        """Note, once, that the study of that job is through its route, if it is; return that.

        It is when no job of it is open, and each result that is owed was acknowledged. What
        `counted_of` says of it is added to what was counted, in the same transaction.
        """
        ...

    def unnoted(self, within: timedelta) -> Sequence[str]:
        """Return jobs that ended so lately, of which `note_through` is to be asked."""
        ...


class SqlCounting(Part):
    """See `Counting`."""

    __slots__ = ()

    def tell(self, process: Process, counted: Sequence[Sample]) -> datetime:
        """See Counting."""
        row = values_of(process) | {"measures": [_plain(one) for one in process.measures]}
        insert = self.database.insert(processes).values(**row)
        anew = insert.on_conflict_do_update(
            index_elements=[processes.c.owner],
            set_={name: insert.excluded[name] for name in ("host", "roles", "seen_at", "measures")},
        )
        long_gone = processes.c.seen_at < self.now() - FORGOTTEN_AFTER
        with self.database.writing() as connection:
            connection.execute(anew)
            connection.execute(processes.delete().where(long_gone))
            last = connection.scalar(sa.select(_last(processes.c.seen_at)))
            add_counted(connection, self.database.insert, counted)
        return max(process.seen_at, last or process.seen_at)

    def part(self, owner: str) -> None:
        """See Counting."""
        with self.database.writing() as connection:
            connection.execute(processes.delete().where(processes.c.owner == owner))

    def counted(self) -> Sequence[Sample]:
        """See Counting."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(counts.c.name, counts.c.labels, counts.c.value))
            return [Sample(name, _labels(labels), value) for name, labels, value in rows]

    def processes(self, within_s: float = SILENT_S) -> Sequence[Process]:
        """See Counting."""
        since = self.now() - timedelta(seconds=within_s)
        spoke = (
            sa.select(*columns_of(processes, Process))
            .where(processes.c.seen_at >= since)
            .order_by(processes.c.owner)
        )
        with self.database.reading() as connection:
            rows = connection.execute(spoke).mappings().all()
        return [Process(**{**row, "measures": _measures(row["measures"])}) for row in rows]

    def note_through(
        self, job_id: str, counted_of: Callable[[Through], Collection[Sample]]
    ) -> Through | None:
        """See Counting."""
        with self.database.reading() as connection:
            found = _through(connection, job_id)
        if found is None:
            return None
        noted = self.database.insert(turnarounds).values(**values_of(found))
        with self.database.writing() as connection:
            if not connection.execute(noted.on_conflict_do_nothing()).rowcount:
                return None
            add_counted(connection, self.database.insert, counted_of(found))
        return found

    def unnoted(self, within: timedelta) -> Sequence[str]:
        """See Counting."""
        lately = jobs.c.state.in_(_ENDED) & (jobs.c.finished_at >= self.now() - within)
        unnoted = sa.select(jobs.c.job_id).where(lately, _is_through())
        with self.database.reading() as connection:
            return connection.scalars(unnoted).all()


def add_counted(
    connection: sa.Connection, insert_into: InsertInto, counted: Iterable[Sample]
) -> None:
    """Add `counted` to the sums: the last thing that a transaction does, in one order for all.

    So two that add to the same sums wait for each other, and never both.
    """
    rows = [
        {"name": one.name, "labels": json.dumps(one.labels), "value": one.value}
        for one in sorted(counted, key=lambda one: (one.name, one.labels))
    ]
    if not rows:
        return
    insert = insert_into(counts)
    added = counts.c.value + insert.excluded.value
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[counts.c.name, counts.c.labels], set_={"value": added}
        ),
        rows,
    )


def _through(connection: sa.Connection, job_id: str) -> Through | None:  # noqa: PLR0911 - asked one by one
    """Return that the study of that job is through its route; None if it is not, or was noted."""
    kinds = (jobs.c.study_instance_uid, jobs.c.route, jobs.c.rerun)
    job = connection.execute(sa.select(*kinds).where(jobs.c.job_id == job_id)).one_or_none()
    if job is None:  # of a canary: nothing of it is kept
        return None
    study, route, rerun = job
    known = sa.select(turnarounds.c.route).where(
        turnarounds.c.study_instance_uid == study,
        turnarounds.c.route == route,
        turnarounds.c.rerun == rerun,
    )
    if connection.scalar(known) is not None:
        return None
    of_route = sa.select(jobs.c.job_id).where(
        jobs.c.study_instance_uid == study, jobs.c.route == route
    )
    is_open = jobs.c.state.in_(_OPEN)
    if connection.scalar(of_route.where(is_open).limit(1)) is not None:
        return None
    ours = (deliveries.c.study_instance_uid == study) & deliveries.c.job_id.in_(of_route)
    waits = ours & (deliveries.c.state != DeliveryState.SENT)
    if connection.scalar(sa.select(deliveries.c.job_id).where(waits).limit(1)) is not None:
        return None
    at = connection.scalar(sa.select(_last(deliveries.c.sent_at)).where(ours))
    came = sa.select(studies.c.last_received_at).where(studies.c.study_instance_uid == study)
    last_received_at = connection.scalar(came)
    if at is None or last_received_at is None:
        return None
    return Through(study, route, rerun, (at - last_received_at).total_seconds(), at)


def _is_through() -> sa.ColumnElement[bool]:
    """Say in SQL that the study of a job is through its route, with its help, and was not noted."""
    other = jobs.alias()
    beside = (other.c.study_instance_uid == jobs.c.study_instance_uid) & (
        other.c.route == jobs.c.route
    )
    noted = sa.exists().where(
        turnarounds.c.study_instance_uid == jobs.c.study_instance_uid,
        turnarounds.c.route == jobs.c.route,
        turnarounds.c.rerun == jobs.c.rerun,
    )
    owed = sa.exists().where(
        deliveries.c.study_instance_uid == jobs.c.study_instance_uid,
        deliveries.c.job_id == other.c.job_id,
        beside,
    )
    waits = owed.where(deliveries.c.state != DeliveryState.SENT)
    since = owed.where(deliveries.c.sent_at >= jobs.c.started_at)  # else it is of an earlier run
    return ~noted & since & ~waits & ~sa.exists().where(beside, other.c.state.in_(_OPEN))


def _last(moment: "sa.Column[Any]") -> sa.ColumnElement[Any]:
    return sa.type_coerce(sa.func.max(moment), moment.type)


def _plain(sample: Sample) -> list[Any]:
    return [sample.name, sample.labels, sample.value]


def _measures(plain: Iterable[tuple[str, list[list[str]], float]]) -> tuple[Sample, ...]:
    return tuple(
        Sample(name, tuple((key, value) for key, value in labels), number)
        for name, labels, number in plain
    )


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in json.loads(text))
