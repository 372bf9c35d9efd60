"""Jobs for a place: entered as the router does, and waited for."""

from collections.abc import Callable, Iterator
from datetime import datetime

from clock import now
from peers.programs import until
from pydicom import Dataset
from working import job_of, plain_image, row_of

from faults.place import Place
from service.errors import UnavailableError
from service.ledger.records import Decision, DeliveryState, Job

ROOT = "2.25.20261124"


def quick_jobs(place: Place, clock: Callable[[], datetime] = now) -> Iterator[Job]:
    """Yield jobs without end, their images in the spool."""
    number = len(place.ledger.jobs(limit=None))
    while True:
        yield job(place, number, "quick", clock())
        number += 1


def job(place: Place, number: int, pipeline: str, moment: datetime) -> Job:
    """Return the job of that number; its study is `ROOT` and that number."""
    image = plain_image(f"{ROOT}.{number}.1", f"{ROOT}.{number}")
    place.received.keep_dataset(image)
    return job_of(image, pipeline, created_at=moment, run_at=moment)


def image_of(job: Job) -> Dataset:
    """Return the image that a job is about."""
    return plain_image(job.sop_instance_uids[0], job.study_instance_uid)


def decision(job: Job) -> Decision:
    """Return what the router decided when it made that job."""
    (uid,) = job.sop_instance_uids
    return Decision(
        uid,
        job.route,
        job.pipeline,
        taken=True,
        reason="",
        job_id=job.job_id,
        decided_at=job.created_at,
    )


def put(place: Place, jobs: list[Job]) -> None:
    """Enter jobs as the router does: again, until the ledger has them."""
    until(lambda: _entered(place, jobs), 60, why=place.log)


def is_settled(place: Place) -> bool:
    """Tell whether every job has ended and every result has been acknowledged."""
    try:
        is_open = any(each.state.is_open for each in place.ledger.jobs(limit=None))
        return not is_open and not place.ledger.deliveries(state=DeliveryState.OWED, limit=1)
    except UnavailableError:
        return False


def left(place: Place) -> str:
    """Return what has not ended, and the logs, for whoever must find out why."""
    jobs = [each for each in place.ledger.jobs(limit=None) if each.state.is_open]
    owed = place.ledger.deliveries(state=DeliveryState.OWED, limit=None)
    return "\n".join([place.log(), *map(str, jobs), *map(str, owed)])


def _entered(place: Place, jobs: list[Job]) -> bool:
    try:
        for each in jobs:
            place.ledger.record(row_of(image_of(each), received_at=each.created_at))
        place.ledger.decide([*map(decision, jobs)], jobs)
    except UnavailableError:
        return False
    return True
