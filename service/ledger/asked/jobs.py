"""What the worker, the sweeper and people ask of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from service.ledger.moves import LONGEST_RUN
from service.ledger.records import Job, JobState, Result
from service.sample import Sample


class Jobs(Protocol):
    """What the worker, the sweeper and people do with jobs."""

    def claim(
        self,
        owner: str,
        job_id: str | None = None,
        within: timedelta = LONGEST_RUN,
        leaving: Collection[str] = (),
    ) -> Job | None:
        """Return the most urgent job that is due (or that one), now `owner`'s; None if none is.

        Now and then it is the one that has been due for longest, of whatever lane. A run that is
        not over `within` that time is taken from its owner. Jobs of the pipelines that he is
        `leaving` to others are none.
        """
        ...

    def heartbeat(self, job: Job) -> bool:
        """Lengthen the lease; return whether the job is still this owner's."""
        ...

    def finish(
        self,
        job: Job,
        results: Sequence[Result],
        stages: Mapping[str, float],
        remark: str = "",
        counted: Sequence[Sample] = (),
    ) -> bool:
        """Mark `job` done, keep `results` and owe each to its destinations, all or nothing.

        A result that a destination has already been sent is not owed again. `remark` says what
        could not be done, if anything; `counted` is added to what the node counts.
        Returns whether it counted: False if another owner has the job by now.
        """
        ...

    def put_off(self, job: Job, error: str) -> bool:
        """Something was unavailable: queue `job` again after a pause, or mark it dead."""
        ...

    def refuse_job(self, job: Job, error: str, results: Sequence[Result] = ()) -> bool:
        """Mark `job` dead: trying again cannot help; keep and owe `results`, which say so."""
        ...

    def unreported(self, pipelines: Collection[str]) -> Sequence[Job]:
        """Return the jobs of those pipelines that are dead or parked and have made nothing."""
        ...

    def report_failure(self, job: Job, results: Sequence[Result]) -> bool:
        """Keep and owe `results`, which say that `job` was given up; return whether it still is."""
        ...

    def failures_before(self, job: Job) -> Sequence[Result]:
        """Return the reports of failure of that route's and pipeline's jobs on the same study.

        Those of jobs made after `job` do not count.
        """
        ...

    def crashed(self, owner: str, error: str) -> Sequence[str]:
        """The process of `owner` died of its job: queue it again, or park it; return the ids."""
        ...

    def lost(self, owner: str, error: str) -> Sequence[str]:
        """The process of `owner` was killed from outside: queue its job again; return the ids."""
        ...

    def clock_behind(self) -> timedelta:
        """Return how far this host's clock is behind those of workers, or behind the server's.

        Negative where it is ahead of the server's.
        """
        ...

    def behind_received(self) -> timedelta:
        """Return how far the moment that the newest image is said to have come lies ahead."""
        ...

    def set_back(self, by: timedelta, *, late: bool = False) -> int:
        """Let what waits for a moment wait that much less: the clock was set back; return how many.

        `late` does so only with what was made after the first time by whoever had read the clock
        before. What was there and is put off needs none of that: how long is counted from within
        the transaction. (PostgreSQL's do not wait for each other: one that is under way at the
        first time is missed.) A running job keeps no longer a lease than one that was claimed now.
        """
        ...

    def reap(self) -> Sequence[str]:
        """Queue again the running jobs whose lease or deadline ran out; return their ids.

        One that ran past its deadline counts a crash.
        """
        ...

    def owners(self) -> Sequence[str]:
        """Return who holds the running jobs."""
        ...

    def due(self, every_s: float = 5.0, limit: int = 100) -> Sequence[tuple[str, int]]:
        """Return (id, priority) of due jobs not woken in the last `every_s`; woken they are now."""
        ...

    def job(self, job_id: str) -> Job:
        """Return that job.

        Raises:
            UnknownError: if there is none.
        """
        ...

    def job_id_of(self, beginning: str) -> str:
        """Return the id of the one job whose id begins so.

        Raises:
            UnknownError: if there is none, or more than one.
        """
        ...

    def jobs(
        self,
        study_instance_uid: str | None = None,
        state: JobState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Job]:
        """Return jobs, newest first; all of them if `limit` is None."""
        ...

    def retry(self, job_id: str) -> None:
        """Queue a job that is dead, parked or cancelled again, its counts at nought.

        Raises:
            UnknownError: if there is no such job.
            RefusedError: if it is in another state.
        """

    def cancel(self, job_id: str) -> None:
        """Cancel a queued or running job; what it makes from now on is void.

        Raises:
            UnknownError: if there is no such job.
            RefusedError: if it has ended.
        """

    def job_counts(self) -> Mapping[tuple[str, str, int], int]:
        """Return the number of jobs by (pipeline, state, priority)."""
        ...
