"""The ledger's jobs in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import sqlalchemy as sa

from service.errors import UnknownError
from service.ledger import moves
from service.ledger.counting import add_counted
from service.ledger.records import Delivery, Job, JobState, Priority, Result
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import deliveries, jobs, results
from service.sample import Sample

OLDEST_FIRST = 1 / 8
"""The share of claims that take what has been due for longest, of any lane: no lane starves."""


class Move(Protocol):
    """What becomes of a job; told what time it is only when the job is locked for it."""

    def __call__(self, job: Job, *, now: datetime) -> Job:
        """Return `job` as it is then."""
        ...


class SqlJobs(Part):
    """See `service.ledger.asked.jobs.Jobs`."""

    __slots__ = ()

    def claim(
        self,
        owner: str,
        job_id: str | None = None,
        within: timedelta = moves.LONGEST_RUN,
        leaving: Collection[str] = (),
    ) -> Job | None:
        """See Jobs."""
        now = self.now()
        lines = self._lines(now) if job_id is None else [_due(now).where(jobs.c.job_id == job_id)]
        mine = [jobs.c.pipeline.not_in(leaving)] if leaving else []
        chosen = [line.where(*mine) for line in lines]
        with self.database.reading() as connection:
            if all(connection.scalar(line.limit(1)) is None for line in chosen):
                return None
        with self.database.writing() as connection:
            for line in chosen:
                found = connection.scalar(line.limit(1).with_for_update(skip_locked=True))
                if found is not None:
                    (job,) = load_jobs(connection, jobs.c.job_id == found)
                    claimed = moves.claim(job, owner, now, within)
                    save_job(connection, claimed)
                    return claimed
        return None

    def _lines(self, now: datetime) -> list[sa.Select[tuple[str]]]:
        """Return where to look for a job, in this order: lane after lane, sometimes all as one."""
        waiting = _due(now).order_by(jobs.c.run_at)
        lanes = [waiting.where(jobs.c.priority == lane) for lane in sorted(Priority)]
        return [waiting, *lanes] if self.chance() < OLDEST_FIRST else lanes

    def heartbeat(self, job: Job) -> bool:
        """See Jobs."""
        return self._move_held(job, moves.heartbeat)

    def finish(
        self,
        job: Job,
        results: Sequence[Result],
        stages: Mapping[str, float],
        remark: str = "",
        counted: Sequence[Sample] = (),
    ) -> bool:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            held = _held(connection, job)
            if held is None:
                return False
            save_job(connection, moves.finish(held, stages, now, remark))
            self._replace_results(connection, held, results)
            self._owe(connection, held, results, now)
            add_counted(connection, self.database.insert, counted)
            return True

    def failures_before(self, job: Job) -> Sequence[Result]:
        """See Jobs."""
        same = (
            (jobs.c.study_instance_uid == job.study_instance_uid)
            & (jobs.c.pipeline == job.pipeline)
            & (jobs.c.route == job.route)
            & (jobs.c.created_at <= job.created_at)
        )
        told = (
            sa.select(*columns_of(results, Result))
            .join(jobs, jobs.c.job_id == results.c.job_id)
            .where(same, results.c.is_failure)
            .order_by(results.c.sop_instance_uid)
        )
        with self.database.reading() as connection:
            return records_of(Result, connection.execute(told))

    def unreported(self, pipelines: Collection[str]) -> Sequence[Job]:
        """See Jobs."""
        told = sa.select(results.c.job_id).where(results.c.job_id == jobs.c.job_id)
        given_up = jobs.c.state.in_([JobState.DEAD, JobState.PARKED])
        rows = (
            sa.select(*columns_of(jobs, Job))
            .where(given_up, jobs.c.pipeline.in_(pipelines), ~told.exists())
            .order_by(*_LINE)
        )
        with self.database.reading() as connection:
            return records_of(Job, connection.execute(rows))

    def report_failure(self, job: Job, results: Sequence[Result]) -> bool:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            found = load_jobs(connection, jobs.c.job_id == job.job_id)
            if not found or found[0].state is not job.state:
                return False
            self._replace_results(connection, job, results)
            self._owe(connection, job, results, now)
            return True

    def put_off(self, job: Job, error: str) -> bool:
        """See Jobs."""
        return self._move_held(job, partial(moves.put_off, error=error))

    def refuse_job(self, job: Job, error: str, results: Sequence[Result] = ()) -> bool:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            held = _held(connection, job)
            if held is None:
                return False
            save_job(connection, moves.refuse(held, error, now))
            self._replace_results(connection, held, results)
            self._owe(connection, held, results, now)
            return True

    def crashed(self, owner: str, error: str) -> Sequence[str]:
        """See Jobs."""
        return self._move_running(jobs.c.owner == owner, partial(moves.crash, error=error))

    def lost(self, owner: str, error: str) -> Sequence[str]:
        """See Jobs."""
        return self._move_running(jobs.c.owner == owner, partial(moves.lose, error=error))

    def reap(self) -> Sequence[str]:
        """See Jobs."""
        now = self.now()
        late = partial(moves.crash, error="it took longer than its deadline")
        left = partial(moves.lose, error="its lease ran out")
        return [
            *self._move_running(jobs.c.deadline < now, late),
            *self._move_running(jobs.c.lease_until < now, left),
        ]

    def owners(self) -> Sequence[str]:
        """See Jobs."""
        running = sa.select(jobs.c.owner).where(jobs.c.state == JobState.RUNNING).distinct()
        with self.database.reading() as connection:
            return connection.scalars(running).all()

    def due(self, every_s: float = 5.0, limit: int = 100) -> Sequence[tuple[str, int]]:
        """See Jobs."""
        now = self.now()
        asleep = sa.or_(
            jobs.c.woken_at.is_(None),
            jobs.c.woken_at < jobs.c.run_at,
            jobs.c.woken_at <= now - timedelta(seconds=every_s),
        )
        line = (jobs.c.priority, jobs.c.run_at)
        chosen = _due(now).where(asleep).order_by(*line).limit(limit)
        with self.database.reading() as connection:
            if connection.scalar(chosen) is None:
                return []
        with self.database.writing() as connection:
            ids = connection.scalars(chosen.with_for_update(skip_locked=True)).all()
            connection.execute(jobs.update().where(jobs.c.job_id.in_(ids)).values(woken_at=now))
            woken = load_jobs(connection, jobs.c.job_id.in_(ids))
        return [(job.job_id, int(job.priority)) for job in woken]

    def job(self, job_id: str) -> Job:
        """See Jobs."""
        with self.database.reading() as connection:
            return _known(connection, job_id)

    def job_id_of(self, beginning: str) -> str:
        """See Jobs."""
        alike = sa.select(jobs.c.job_id).where(jobs.c.job_id.startswith(beginning, autoescape=True))
        with self.database.reading() as connection:
            found = connection.scalars(alike.order_by(jobs.c.job_id).limit(2)).all()
        if not found:
            raise UnknownError(f"no job {beginning} in the ledger")
        if len(found) > 1 and found[0] != beginning:
            raise UnknownError(f"more than one job begins with {beginning}: write more of its id")
        return str(found[0])

    def jobs(
        self,
        study_instance_uid: str | None = None,
        state: JobState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Job]:
        """See Jobs."""
        newest = sa.select(*columns_of(jobs, Job)).order_by(jobs.c.created_at.desc(), jobs.c.job_id)
        if study_instance_uid is not None:
            newest = newest.where(jobs.c.study_instance_uid == study_instance_uid)
        if state is not None:
            newest = newest.where(jobs.c.state == state)
        with self.database.reading() as connection:
            return records_of(Job, connection.execute(newest.limit(limit)))

    def retry(self, job_id: str) -> None:
        """See Jobs."""
        with self.database.writing() as connection:
            failed = _known(connection, job_id)
            save_job(connection, moves.retry(failed, self.now()))

    def cancel(self, job_id: str) -> None:
        """See Jobs."""
        now = self.now()
        with self.database.writing() as connection:
            save_job(connection, moves.cancel(_known(connection, job_id), now))

    def job_counts(self) -> Mapping[tuple[str, str, int], int]:
        """See Jobs."""
        kinds = (jobs.c.pipeline, jobs.c.state, jobs.c.priority)
        with self.database.reading() as connection:
            counts = connection.execute(sa.select(*kinds, sa.func.count()).group_by(*kinds))
            return {(name, str(state), int(lane)): count for name, state, lane, count in counts}

    def _move_held(self, job: Job, move: Move) -> bool:
        with self.database.writing() as connection:
            held = _held(connection, job)
            if held is not None:
                save_job(connection, move(held, now=self.now()))
            return held is not None

    def _move_running(self, chosen: sa.ColumnElement[bool], move: Move) -> Sequence[str]:
        running = (jobs.c.state == JobState.RUNNING) & chosen
        with self.database.reading() as connection:
            if connection.scalar(sa.select(jobs.c.job_id).where(running).limit(1)) is None:
                return []
        with self.database.writing() as connection:
            moved = load_jobs(connection, running)
            for job in moved:
                save_job(connection, move(job, now=self.now()))
        return [job.job_id for job in moved]

    def _replace_results(self, connection: sa.Connection, job: Job, made: Sequence[Result]) -> None:
        """Put `made` in place of what the job made before, but for its reports of failure."""
        of_job = results.c.job_id == job.job_id
        connection.execute(results.delete().where(of_job, ~results.c.is_failure))
        if made:
            rows = [values_of(result) | {"job_id": job.job_id} for result in made]
            connection.execute(self.database.insert(results).on_conflict_do_nothing(), rows)

    def _owe(
        self, connection: sa.Connection, job: Job, made: Sequence[Result], now: datetime
    ) -> None:
        owed = [
            values_of(
                Delivery(
                    job.job_id, result.sop_instance_uid, result.sop_class_uid, destination, now
                )
            )
            | {
                "study_instance_uid": result.study_instance_uid,
                "priority": job.priority,
                "owed_at": now,
            }
            for result in made
            for destination in result.send_to
        ]
        if owed:
            insert = self.database.insert(deliveries).on_conflict_do_nothing()
            connection.execute(insert, owed)


def load_jobs(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Job]:
    """Return the chosen jobs in their line, locked until the transaction ends."""
    line = sa.select(*columns_of(jobs, Job)).where(chosen).order_by(*_LINE)
    return records_of(Job, connection.execute(line.with_for_update()))


def save_job(connection: sa.Connection, job: Job) -> None:
    """Put `job` in place of the job of the same id."""
    connection.execute(jobs.update().where(jobs.c.job_id == job.job_id).values(**values_of(job)))


_LINE = (jobs.c.priority, jobs.c.created_at, jobs.c.job_id)
"""The order in which jobs are served."""


def _due(now: datetime) -> sa.Select[tuple[str]]:
    return sa.select(jobs.c.job_id).where(jobs.c.state == JobState.QUEUED, jobs.c.run_at <= now)


def _known(connection: sa.Connection, job_id: str) -> Job:
    found = load_jobs(connection, jobs.c.job_id == job_id)
    if not found:
        raise UnknownError(f"no job {job_id} in the ledger")
    return found[0]


def _held(connection: sa.Connection, job: Job) -> Job | None:
    """Return `job` as it stands, if it still is with the owner who claimed it (fencing)."""
    found = load_jobs(connection, jobs.c.job_id == job.job_id)
    is_held = found and found[0].state is JobState.RUNNING and found[0].token == job.token
    return found[0] if is_held else None
