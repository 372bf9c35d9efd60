"""What the stages ask of the ledger."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from service.ledger.completions import Completions, Judged
from service.ledger.histories import Histories
from service.ledger.moves import LONGEST_RUN
from service.ledger.notifying import Heaps, Tellings
from service.ledger.people import Accounts, Audit
from service.ledger.records import (
    Commitment,
    CommitmentState,
    Decision,
    Delivery,
    DeliveryState,
    Instance,
    Job,
    JobState,
    Refusal,
    Result,
    Study,
    WorkerPresence,
)
from service.ledger.retention import Retention
from service.ledger.routes_drafts import RoutesDrafts
from service.ledger.routes_versions import RoutesVersions
from service.ledger.standing import Lookup
from service.ledger.waiting import Waiting


class Intake(Protocol):
    """What the listener writes down; `service.ledger.receive` has the steps in order."""

    def versions(self, sop_instance_uid: str) -> Sequence[Instance]:
        """Return what was received under that SOP Instance UID, the first that came first."""
        ...

    def record(self, instance: Instance) -> bool:
        """Remember that `instance` lies in the spool; return whether it is new.

        The same bytes of the same version again change nothing, but that they are there (again).

        Raises:
            BadObjectError: if other bytes are already kept under its UID and version.
        """
        ...

    def record_first(self, instance: Instance) -> bool:
        """Remember `instance` if no bytes are known under its UID; return whether that is so."""
        ...

    def refuse(self, refusal: Refusal) -> None:
        """Remember what was not taken, and why."""


class Studies(Protocol):
    """What the router reads and writes down, and what people look up."""

    def undecided_studies(self) -> Sequence[Study]:
        """Return the studies with instances that the router has not judged yet, oldest first."""
        ...

    def study(self, study_instance_uid: str) -> Study:
        """Return that study.

        Raises:
            UnknownError: if there is none.
        """
        ...

    def studies(self, limit: int = 100) -> Sequence[Study]:
        """Return the studies received last, newest first."""
        ...

    def instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what was received of that study, in the order it came."""
        ...

    def undecided_instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what of that study the router has not judged yet, in the order it came."""
        ...

    def decide(
        self,
        decisions: Sequence[Decision],
        jobs: Sequence[Job],
        seen: Collection[Instance] = (),
        judged: Judged | None = None,
    ) -> bool:
        """Write down `decisions` and add `jobs` in one transaction; a second time changes nothing.

        The instances they name count as judged, and `judged` says why now. A job whose id is known
        stays as it is. Returns whether it counted: False, and nothing is written, where any of
        `seen`, which was not judged when the router looked, has been judged by another since.
        """
        ...

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """Return what was decided for each image of that study."""
        ...

    def ask_complete(self, study_instance_uid: str) -> None:
        """Let the router judge that study now, whatever is still expected of it.

        Raises:
            UnknownError: if there is no such study.
        """

    def reopen(self, study_instance_uid: str) -> None:
        """Let the router judge every instance of that study anew; its finished jobs run again.

        Raises:
            UnknownError: if there is no such study.
            RefusedError: if bytes of it were removed, past their retention.
        """

    def study_counts(self) -> Mapping[str, int]:
        """Return the number of studies: ``receiving`` (something undecided) or ``judged``."""
        ...

    def skip_counts(self) -> Mapping[tuple[str, str], int]:
        """Return the number of images that were not taken, by (route, reason).

        The reason is what stands before its first colon: one of few.
        """
        ...

    def refusals(self, limit: int = 100) -> Sequence[Refusal]:
        """Return what was refused last, newest first."""
        ...


class Jobs(Protocol):
    """What the worker, the sweeper and people do with jobs."""

    def claim(
        self, owner: str, job_id: str | None = None, within: timedelta = LONGEST_RUN
    ) -> Job | None:
        """Return the most urgent job that is due (or that one), now `owner`'s; None if none is.

        Now and then it is the one that has been due for longest, of whatever lane. A run that is
        not over `within` that time is taken from its owner.
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
    ) -> bool:
        """Mark `job` done, keep `results` and owe each to its destinations, all or nothing.

        A result that a destination has already been sent is not owed again. `remark` says what
        could not be done, if anything.
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

    def set_back(self, by: timedelta) -> int:
        """Let what waits for a moment wait that much less: the clock was set back; return how many.

        A running job keeps no longer a lease than one that was claimed now.
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

    def finished_since(self, moment: datetime) -> Sequence[Job]:
        """Return the jobs done at `moment` or later, in that order."""
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


class Deliveries(Protocol):
    """What the delivery stage reads and writes down."""

    def owed(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """Return what that destination is to receive now: urgent jobs first, then oldest first.

        What somebody is sending is not among it.
        """
        ...

    def take_owed(
        self, destination: str, owner: str, lease_s: float, limit: int
    ) -> Sequence[Delivery]:
        """Return the first of what is owed there now, `owner`'s for `lease_s` seconds."""
        ...

    def hold_deliveries(self, held: Sequence[Delivery], lease_s: float) -> None:
        """Lengthen the leases of those of `held` that are still their owner's."""

    def give_back_deliveries(self, held: Sequence[Delivery]) -> None:
        """Let others send what of `held` is still its owner's; nothing was tried."""

    def free_deliveries(self, is_gone: Callable[[str], bool]) -> int:
        """Let others send what owners held who are gone; return how much it was."""
        ...

    def note_unreachable(self, destination: str, error: str) -> None:
        """Say with all that is owed there why it waits; nothing counts as tried."""

    def sent(self, delivery: Delivery, remark: str = "") -> None:
        """The destination acknowledged it; `remark` says what it remarked, if anything."""

    def sent_since(self, destination: str, moment: datetime) -> Sequence[Delivery]:
        """Return what was sent there after `moment`, in that order."""
        ...

    def remark(self, delivery: Delivery, remark: str) -> None:
        """Add `remark` to what was sent."""

    def postpone(self, delivery: Delivery, until: datetime, error: str) -> None:
        """It could not be sent now; try again at `until`."""

    def park(self, delivery: Delivery, error: str) -> None:
        """The destination will not have it: wait for a person."""

    def deliveries(
        self,
        study_instance_uid: str | None = None,
        state: DeliveryState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first; all of them if `limit` is None."""
        ...

    def retry_deliveries(
        self, destination: str | None = None, study_instance_uid: str | None = None
    ) -> int:
        """Owe parked and postponed deliveries again now; return how many."""
        ...

    def resend(self, study_instance_uid: str, destination: str) -> int:
        """Owe that destination again what it was to receive of that study; return how much.

        Raises:
            UnknownError: if it was to receive nothing of it.
        """
        ...

    def results(self, job_id: str) -> Sequence[Result]:
        """Return what that job made."""
        ...

    def delivery_counts(self) -> Mapping[tuple[str, str], int]:
        """Return the number of deliveries by (destination, state)."""
        ...


class Commitments(Protocol):
    """Who committed himself to keep what, and who is still to: PS3.4 Annex J."""

    def open_commitment(self, commitment: Commitment) -> bool:
        """Remember that this was asked; return whether it is new.

        Of ours, the deliveries to its peer that it names count as asked about.
        """
        ...

    def commitment(self, transaction_uid: str, peer: str) -> Commitment | None:
        """Return that request, None if there is none."""
        ...

    def commitments(
        self, state: CommitmentState | None = None, limit: int = 100
    ) -> Sequence[Commitment]:
        """Return requests, newest first."""
        ...

    def retry_commitments(self) -> int:
        """Let those that are open or parked be tried again now; return how many."""
        ...

    def forget_commitments(self, before: datetime) -> int:
        """Forget requests that were made before then and are done; return how many."""
        ...

    def due_commitments(self, peer: str | None, *, is_ours: bool) -> Sequence[Commitment]:
        """Return the open requests (of `peer`, if one is named) that are due, oldest first."""
        ...

    def save_commitment(self, commitment: Commitment) -> None:
        """Put `commitment` in place of that of the same transaction and peer, if it is open."""

    def uncommitted(self, destination: str, limit: int = 100) -> Sequence[Delivery]:
        """Return what was sent there lately and nobody asked it to commit to, by study."""
        ...

    def report_commitment(
        self, transaction_uid: str, committed: Collection[str], failed: Mapping[str, int]
    ) -> bool:
        """Note what the peer of one of our requests answered; return whether we know the request.

        `failed` says why, by SOP Instance UID (Failure Reason, PS3.3 C.14). What failed is owed
        again, or parked if that was so too often. A second time changes nothing.
        """
        ...


class Workers(Protocol):
    """Who is at work."""

    def present(self, worker: WorkerPresence) -> None:
        """Remember that this worker was seen alive."""

    def absent(self, owner: str) -> None:
        """Forget that worker: it left, or it is dead."""

    def workers(self, within_s: float = 30.0) -> Sequence[WorkerPresence]:
        """Return the workers seen alive in the last `within_s` seconds."""
        ...


class Ledger(
    Intake,
    Studies,
    Jobs,
    Deliveries,
    Commitments,
    Retention,
    Workers,
    Accounts,
    Audit,
    Lookup,
    Heaps,
    Tellings,
    Completions,
    Waiting,
    Histories,
    RoutesDrafts,
    RoutesVersions,
    Protocol,
):
    """The node's memory: what was received, decided, done and sent."""

    def ping(self) -> None:
        """Raise UnavailableError if the ledger cannot be written to."""
