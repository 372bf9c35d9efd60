"""What becomes of a job when something happens to it: pure functions, the ledger writes it down."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from service.ledger.records import Job, JobState
from service.ledger.states import JobEvent, advance

LEASE = timedelta(seconds=30)
"""How long a job is its owner's without a heartbeat."""
MOST_FAILURES = 300
"""Tries while something is unavailable, about a day; then the job is dead."""
MOST_CRASHES = 3
"""A job that killed its process so often is poison, and parked."""
MOST_LOSTS = 50
"""A process that is killed from outside is seldom its job's fault."""
LONGEST_RUN = timedelta(seconds=930)
"""A run that lasts longer is taken from its owner; the processes' own limits come before."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
LONGEST_PAUSE_AFTER_LOSS_S = 10.0
LONGEST_ERROR = 500
"""Characters kept of an error."""


def claim(job: Job, owner: str, now: datetime, within: timedelta) -> Job:
    """Return `job` as `owner`'s, who is to be through `within` that time."""
    return replace(
        advance(job, JobEvent.CLAIMED),
        owner=owner,
        token=job.token + 1,
        lease_until=now + LEASE,
        deadline=now + within,
        started_at=now,
        finished_at=None,
        waits="",
    )


def heartbeat(job: Job, now: datetime) -> Job:
    """Return `job` with its lease lengthened."""
    return replace(job, lease_until=now + LEASE)


def finish(job: Job, stages: Mapping[str, float], now: datetime, remark: str = "") -> Job:
    """Return `job` done; `remark` says what of it could not be, if anything."""
    return _ended(replace(advance(job, JobEvent.FINISHED), stages=stages), remark, now)


def refuse(job: Job, error: str, now: datetime) -> Job:
    """Return `job` dead: trying again cannot help."""
    return _ended(advance(job, JobEvent.REFUSED), error, now)


def put_off(job: Job, error: str, now: datetime) -> Job:
    """Return `job` queued after a pause, or dead if that has been so too often."""
    failed = replace(job, failures=job.failures + 1)
    if failed.failures >= MOST_FAILURES:
        return _ended(advance(failed, JobEvent.GIVEN_UP), error, now)
    wait = pause(job.job_id, failed.failures, LONGEST_PAUSE_S)
    return _queued(advance(failed, JobEvent.PUT_OFF), error, now + wait)


def crash(job: Job, error: str, now: datetime) -> Job:
    """Return `job` queued after a pause, or parked if it is poison."""
    crashed = replace(job, crashes=job.crashes + 1)
    if crashed.crashes >= MOST_CRASHES:
        return _ended(advance(crashed, JobEvent.PARKED), error, now)
    wait = pause(job.job_id, crashed.crashes, LONGEST_PAUSE_S)
    return _queued(advance(crashed, JobEvent.CRASHED), error, now + wait)


def lose(job: Job, error: str, now: datetime) -> Job:
    """Return `job` queued after a short pause, or parked if it was lost beyond all likelihood."""
    lost = replace(job, losts=job.losts + 1)
    if lost.losts >= MOST_LOSTS:
        return _ended(advance(lost, JobEvent.PARKED), error, now)
    wait = pause(job.job_id, lost.losts, LONGEST_PAUSE_AFTER_LOSS_S)
    return _queued(advance(lost, JobEvent.LOST), error, now + wait)


def retry(job: Job, now: datetime) -> Job:
    """Return `job` queued as if it had never been tried.

    Raises:
        RefusedError: if it is queued, running or done.
    """
    return _afresh(advance(job, JobEvent.RETRIED), now)


def reopen(job: Job, now: datetime) -> Job:
    """Return `job` queued again if it has ended; else as it is."""
    if job.state in {JobState.QUEUED, JobState.RUNNING}:
        return job
    return _afresh(advance(job, JobEvent.REOPENED), now)


def cancel(job: Job, now: datetime) -> Job:
    """Return `job` cancelled.

    Raises:
        RefusedError: if it has ended.
    """
    return _ended(advance(job, JobEvent.CANCELLED), "cancelled by hand", now)


def pause(job_id: str, times: int, longest_s: float) -> timedelta:
    """Return how long to wait after the `times`-th mishap, counted from 1.

    It doubles each time; jobs that failed together come back spread over half of it.
    """
    whole = min(FIRST_PAUSE_S * 2.0 ** min(times - 1, 30), longest_s)
    spread = crc32(f"{job_id} {times}".encode()) / 2**32
    return timedelta(seconds=whole * (0.5 + 0.5 * spread))


def _ended(job: Job, error: str, now: datetime) -> Job:
    return replace(_given_back(job, error), finished_at=now)


def _queued(job: Job, error: str, run_at: datetime) -> Job:
    return replace(_given_back(job, error), run_at=run_at)


def _given_back(job: Job, error: str) -> Job:
    return replace(job, owner="", lease_until=None, deadline=None, error=error[:LONGEST_ERROR])


def _afresh(job: Job, now: datetime) -> Job:
    cleared = replace(job, failures=0, crashes=0, losts=0, finished_at=None, stages={})
    return _queued(cleared, "", now)
