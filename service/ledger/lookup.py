"""The ledger's searches and counts in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.errors import UnknownError
from service.ledger.records import Delivery, DeliveryState, Job, JobState, Refusal, Study
from service.ledger.rows import Part, columns_of, records_of
from service.ledger.standing import (
    FAILED,
    OPEN,
    Hour,
    Overview,
    Search,
    Standing,
    StudyState,
)
from service.ledger.studies import load_studies
from service.ledger.tables import deliveries, instances, jobs, refusals, studies

HOURS = 24
HOUR = timedelta(hours=1)

_IN_STATE: Mapping[StudyState, Sequence[sa.Select[Any]]] = {
    StudyState.FAILED: (
        sa.select(jobs.c.study_instance_uid).where(jobs.c.state.in_(FAILED)),
        sa.select(deliveries.c.study_instance_uid).where(
            deliveries.c.state == DeliveryState.PARKED
        ),
    ),
    StudyState.RECEIVING: (sa.select(instances.c.study_instance_uid).where(~instances.c.judged),),
    StudyState.WORKING: (sa.select(jobs.c.study_instance_uid).where(jobs.c.state.in_(OPEN)),),
    StudyState.SENDING: (
        sa.select(deliveries.c.study_instance_uid).where(deliveries.c.state == DeliveryState.OWED),
    ),
}
"""The studies of which something is in that state; done are those that are in none."""
_UNFINISHED = tuple(chosen for several in _IN_STATE.values() for chosen in several)


class SqlLookup(Part):
    """See `service.ledger.standing.Lookup`."""

    __slots__ = ()

    def found_studies(self, search: Search) -> Sequence[Standing]:
        """See Lookup."""
        uid = studies.c.study_instance_uid
        wanted = sa.select(studies).order_by(studies.c.last_received_at.desc(), uid)
        if search.text:
            wanted = wanted.where(
                uid.startswith(search.text, autoescape=True)
                | studies.c.calling_ae_title.icontains(search.text, autoescape=True)
            )
        if search.since is not None:
            wanted = wanted.where(studies.c.last_received_at >= search.since)
        if search.state is not None:
            wanted = wanted.where(_is_in(StudyState(search.state)))
        return self._standings(wanted.limit(search.limit).offset(search.offset))

    def standing(self, study_instance_uid: str) -> Standing:
        """See Lookup."""
        named = studies.c.study_instance_uid == study_instance_uid
        found = self._standings(sa.select(studies).where(named))
        if not found:
            raise UnknownError(f"no study {study_instance_uid} in the ledger")
        return found[0]

    def found_jobs(self, search: Search) -> Sequence[Job]:
        """See Lookup."""
        wanted = sa.select(*columns_of(jobs, Job))
        if search.text:
            wanted = wanted.where(
                jobs.c.study_instance_uid.startswith(search.text, autoescape=True)
                | jobs.c.job_id.startswith(search.text, autoescape=True)
                | jobs.c.route.icontains(search.text, autoescape=True)
                | jobs.c.pipeline.icontains(search.text, autoescape=True)
            )
        if search.state is not None:
            wanted = wanted.where(jobs.c.state == search.state)
        if search.since is not None:
            wanted = wanted.where(jobs.c.created_at >= search.since)
        newest = wanted.order_by(jobs.c.created_at.desc(), jobs.c.job_id)
        with self.database.reading() as connection:
            rows = connection.execute(newest.limit(search.limit).offset(search.offset))
            return records_of(Job, rows)

    def found_deliveries(self, search: Search) -> Sequence[tuple[str, Delivery]]:
        """See Lookup."""
        study, uid = deliveries.c.study_instance_uid, deliveries.c.sop_instance_uid
        wanted = sa.select(study, *columns_of(deliveries, Delivery))
        if search.text:
            wanted = wanted.where(
                study.startswith(search.text, autoescape=True)
                | uid.startswith(search.text, autoescape=True)
            )
        if search.state is not None:
            wanted = wanted.where(deliveries.c.state == search.state)
        if search.destination is not None:
            wanted = wanted.where(deliveries.c.destination == search.destination)
        if search.since is not None:
            wanted = wanted.where(deliveries.c.owed_at >= search.since)
        newest = wanted.order_by(deliveries.c.owed_at.desc(), uid, deliveries.c.destination)
        with self.database.reading() as connection:
            rows = connection.execute(newest.limit(search.limit).offset(search.offset)).mappings()
            return [(row["study_instance_uid"], _delivery(row)) for row in rows]

    def refusals_of(self, study_instance_uid: str) -> Sequence[Refusal]:
        """See Lookup."""
        named = refusals.c.study_instance_uid == study_instance_uid
        oldest = sa.select(*columns_of(refusals, Refusal)).where(named).order_by(refusals.c.number)
        with self.database.reading() as connection:
            return records_of(Refusal, connection.execute(oldest))

    def overview(self) -> Overview:
        """See Lookup."""
        now = self.now()
        with self.database.reading() as connection:
            everything = connection.scalar(sa.select(sa.func.count()).select_from(studies)) or 0
            holds = {str(state): _distinct(connection, any_) for state, any_ in _IN_STATE.items()}
            unfinished = _distinct(connection, _UNFINISHED)
            return Overview(
                studies=everything,
                by_state={**holds, str(StudyState.DONE): everything - unfinished},
                jobs=_counted(connection, jobs.c.state),
                deliveries=_counted(connection, deliveries.c.state),
                hours=_hours(connection, now),
            )

    def _standings(self, wanted: sa.Select[Any]) -> list[Standing]:
        with self.database.reading() as connection:
            found = load_studies(connection, wanted)
            uids = [study.study_instance_uid for study in found]
            of_jobs = _by_study(connection, jobs, uids)
            of_deliveries = _by_study(connection, deliveries, uids)
        return [
            _standing_of(
                study,
                of_jobs.get(study.study_instance_uid, {}),
                of_deliveries.get(study.study_instance_uid, {}),
            )
            for study in found
        ]


_DELIVERY = [column.name for column in columns_of(deliveries, Delivery)]


def _standing_of(
    study: Study, of_jobs: Mapping[str, int], of_deliveries: Mapping[str, int]
) -> Standing:
    working = sum(of_jobs.get(state, 0) for state in OPEN)
    failed = sum(of_jobs.get(state, 0) for state in FAILED)
    failed += of_deliveries.get(DeliveryState.PARKED, 0)
    owed, sent = (of_deliveries.get(one, 0) for one in (DeliveryState.OWED, DeliveryState.SENT))
    holds = {
        StudyState.FAILED: failed,
        StudyState.RECEIVING: study.undecided,
        StudyState.WORKING: working,
        StudyState.SENDING: owed,
    }
    state = next((state for state, count in holds.items() if count), StudyState.DONE)
    return Standing(study, state, working, failed, owed, sent)


def _delivery(row: sa.RowMapping) -> Delivery:
    return Delivery(**{name: row[name] for name in _DELIVERY})


def _is_in(state: StudyState) -> sa.ColumnElement[bool]:
    uid = studies.c.study_instance_uid
    if state is StudyState.DONE:
        return sa.and_(*(uid.not_in(chosen) for chosen in _UNFINISHED))
    return sa.or_(*(uid.in_(chosen) for chosen in _IN_STATE[state]))


def _by_study(
    connection: sa.Connection, table: sa.Table, uids: Sequence[str]
) -> Mapping[str, Mapping[str, int]]:
    """Return how many rows of `table` each of those studies has, by state."""
    kinds = (table.c.study_instance_uid, table.c.state)
    chosen = sa.select(*kinds, sa.func.count()).where(table.c.study_instance_uid.in_(uids))
    found: dict[str, dict[str, int]] = {}
    for uid, state, count in connection.execute(chosen.group_by(*kinds)) if uids else ():
        found.setdefault(uid, {})[state] = count
    return found


def _distinct(connection: sa.Connection, several: Sequence[sa.Select[Any]]) -> int:
    """Return how many studies any of those selects has."""
    uids = sa.union(*several).subquery()  # of one select alone it is that: with doubles
    return connection.scalar(sa.select(sa.func.count(sa.distinct(*uids.c)))) or 0


def _counted(connection: sa.Connection, state: "sa.Column[Any]") -> Mapping[str, int]:
    rows = connection.execute(sa.select(state, sa.func.count()).group_by(state))
    return {str(word): count for word, count in rows}


def _hours(connection: sa.Connection, now: datetime) -> Sequence[Hour]:
    """Return the last 24 hours, each with what came and what was done in it."""
    begins = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR
    came = _by_hour(connection, studies.c.last_received_at, begins, sa.true())
    done = _by_hour(connection, jobs.c.finished_at, begins, jobs.c.state == JobState.DONE)
    return [
        Hour(begins + number * HOUR, came.get(number, 0), done.get(number, 0))
        for number in range(HOURS)
    ]


def _by_hour(
    connection: sa.Connection,
    moment: "sa.Column[Any]",
    begins: datetime,
    chosen: sa.ColumnElement[bool],
) -> Mapping[int, int]:
    """Return how many rows have that moment in each hour from `begins` on."""
    since = sa.type_coerce(moment, sa.Double) - begins.timestamp()
    hour = sa.cast(sa.func.floor(since / HOUR.total_seconds()), sa.Integer).label("hour")
    rows = connection.execute(
        sa.select(hour, sa.func.count()).where(chosen, moment >= begins).group_by(hour)
    )
    return {int(number): count for number, count in rows}
