"""Where on the line a canary is, by what the ledger says of it: no clock is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from service.ledger.canary import DESTINATION, Phase
from service.ledger.records import (
    Decision,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    Study,
    WorkerPresence,
)

_ENDED = frozenset({JobState.DEAD, JobState.PARKED, JobState.CANCELLED})


class Books(Protocol):
    """What is looked up."""

    def study(self, study_instance_uid: str) -> Study:
        """Return that study."""
        ...

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """Return what was decided for each image of that study."""
        ...

    def jobs(
        self,
        study_instance_uid: str | None = None,
        state: JobState | None = None,
        limit: int | None = 100,
    ) -> Sequence[Job]:
        """Return jobs, newest first."""
        ...

    def deliveries(
        self, study_instance_uid: str | None = None, *, limit: int | None = 100
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first."""
        ...

    def workers(self, within_s: float = 30.0) -> Sequence[WorkerPresence]:
        """Return the workers seen alive lately."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is."""

    phase: Phase
    """What is being waited for; none if it came through."""
    hopeless: str = ""
    """Why nothing more will come; empty while something may."""
    hint: str = ""
    """What is known of why it takes long."""


THROUGH = Place(Phase.NONE)


def place_of(ledger: Books, study_instance_uid: str) -> Place:
    """Return where that study is.

    Raises:
        UnavailableError: if the ledger is.
    """
    jobs = ledger.jobs(study_instance_uid, limit=None)
    if not jobs:
        return _routed(ledger, study_instance_uid)
    job = jobs[0]
    if job.state in _ENDED:
        return Place(Phase.WORKER, f"the job is {job.state}: {job.error or 'nobody says why'}")
    if job.state is JobState.QUEUED:
        return _queued(ledger, job)
    if job.state is JobState.RUNNING:
        return Place(Phase.WORKER, hint=job.error or f"it is at it: {job.owner}")
    return _delivered(ledger.deliveries(study_instance_uid, limit=None), job)


def _routed(ledger: Books, study_instance_uid: str) -> Place:
    decisions = ledger.decisions(study_instance_uid)
    if not decisions:
        return Place(Phase.ROUTING, hint="no router has judged it: is one running?")
    if any(one.taken for one in decisions):  # between the two looks: its job is there by now
        return Place(Phase.QUEUE, hint="its job was just made")
    return Place(Phase.ROUTING, "; ".join(dict.fromkeys(one.reason for one in decisions)))


def _queued(ledger: Books, job: Job) -> Place:
    if job.failures or job.crashes or job.losts:
        return Place(Phase.WORKER, hint=job.error)
    workers = ledger.workers()
    if not workers:
        return Place(Phase.WORKER, hint="no worker is ready")
    busy = len(ledger.jobs(state=JobState.RUNNING))
    if busy >= len(workers):
        return Place(Phase.BUSY, hint=f"{busy} jobs are being worked on")
    return Place(Phase.QUEUE, hint="a worker is ready and was not woken: does the broker answer?")


def _delivered(deliveries: Sequence[Delivery], job: Job) -> Place:
    ours = [one for one in deliveries if one.destination == DESTINATION]
    if not ours:
        return Place(Phase.WORKER, f"the job made nothing: {job.error or 'nobody says why'}")
    parked = [one for one in ours if one.state is DeliveryState.PARKED]
    if parked:
        return Place(Phase.DELIVERY, f"it was parked: {parked[0].error}")
    owed = [one for one in ours if one.state is DeliveryState.OWED]
    if owed:
        why = next((one.error for one in owed if one.error), "nobody sends it: does delivery run?")
        return Place(Phase.DELIVERY, hint=why)
    return THROUGH
