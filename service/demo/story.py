"""What happened to one study on its way through the demo."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from service.demo.crops import Crops, write_crops
from service.demo.pacs import Pacs
from service.demo.report import Returned, returned
from service.ledger.ledger import Ledger
from service.ledger.records import Delivery, Job, JobState, Study

FETCHED = "returned"
THREADS = 2


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to one study."""

    study_instance_uid: str
    views: Mapping[str, str]
    """Of each image, by its SOP Instance UID."""
    jobs: Sequence[Job]
    """Those that were done."""
    left: Mapping[str, str]
    """Why images have no results, by their SOP Instance UIDs."""
    objects: Sequence[Returned]
    crops: Sequence[Crops]
    turnaround_s: float


@dataclass(frozen=True, slots=True)
class Fetch:
    """Gets what a job made back from the PACS, and makes pictures of it."""

    ledger: Ledger
    pacs: Pacs
    sources: Mapping[str, Path]
    """The files that were sent, by SOP Instance UID."""
    folder: Path
    """For the pictures; what is fetched goes into a folder of it, ``returned``."""

    def __call__(self, view: str, job: Job) -> tuple[list[Returned], list[Crops]]:
        """Return the objects that `job` made of the image of that view, and the pictures."""
        objects = [
            returned(view, result, self.pacs.fetch(result.sop_instance_uid, self.folder / FETCHED))
            for result in self.ledger.results(job.job_id)
        ]
        source = self.sources[job.sop_instance_uids[0]]
        crops = [
            write_crops(dcmread(source), dcmread(one.path), self.folder, source.stem)
            for one in objects
            if one.rows
        ]
        return objects, crops


def tell_story(study_instance_uid: str, jobs: Sequence[Job], fetch: Fetch) -> Story:
    """Return what became of that study, whose `jobs` have ended, with what `fetch` brings back."""
    ledger = fetch.ledger
    views = {
        one.sop_instance_uid: one.view or one.sop_instance_uid[-8:]
        for one in ledger.instances(study_instance_uid)
    }
    done = [job for job in jobs if job.state is JobState.DONE]
    failed = {job.sop_instance_uids[0]: job.error for job in jobs if job not in done}
    skipped = {
        one.sop_instance_uid: one.reason
        for one in ledger.decisions(study_instance_uid)
        if not one.taken
    }
    deliveries = ledger.deliveries(study_instance_uid, limit=None)
    with ThreadPoolExecutor(THREADS) as pool:
        fetched = list(pool.map(lambda job: fetch(views[job.sop_instance_uids[0]], job), done))
    return Story(
        study_instance_uid=study_instance_uid,
        views=views,
        jobs=done,
        left=skipped | failed,
        objects=[one for objects, _ in fetched for one in objects],
        crops=[pair for _, crops in fetched for pair in crops],
        turnaround_s=_turnaround_s(ledger.study(study_instance_uid), deliveries) or 0.0,
    )


def _turnaround_s(study: Study, deliveries: Sequence[Delivery]) -> float | None:
    """Return the seconds from the last image received to the last result acknowledged, if any."""
    sent = [each.sent_at for each in deliveries if each.sent_at is not None]
    return (max(sent) - study.last_received_at).total_seconds() if sent else None
