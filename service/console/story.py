"""A study from its first image to the last answer of a destination, in the order it happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.console.viewer.exhibit import is_of, key_of
from service.console.words import delivery_story, job_story, told_seconds
from service.errors import UnknownError
from service.ledger.ledger import Ledger
from service.ledger.records import (
    Completion,
    Decision,
    Delivery,
    DeliveryState,
    Instance,
    Job,
    JobState,
    Refusal,
    Result,
)
from service.ledger.standing import Standing

TAKEN = "taken"
"""The router's reason where there is nothing more to say."""
BAD = (JobState.DEAD, JobState.PARKED)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a study."""

    at: datetime
    what: str
    why: str = ""
    mood: str = ""
    """``good``, ``bad``, ``wait`` or nothing."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image, and what was decided about it."""

    instance: Instance
    decisions: Sequence[Decision]
    shown_as: str = ""
    """What the viewer's addresses call it; empty where nothing was made of it, or it is gone."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job, what it made, and who was sent that."""

    job: Job
    story: str
    results: Sequence[Result]
    deliveries: Sequence[Delivery]
    numbers: Sequence[int] = ()
    """Of its images, as the study's page counts them; nothing where only the job is told of."""

    @property
    def of_which(self) -> str:
        """Return of which image it is, if it is of one."""
        return f" of image {self.numbers[0]}" if len(self.numbers) == 1 else ""

    @property
    def seconds(self) -> float:
        """Of all its stages."""
        return sum(self.job.stages.values())


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of a study."""

    standing: Standing
    images: Sequence[Image]
    work: Sequence[Work]
    refusals: Sequence[Refusal]
    originals: Sequence[Delivery]
    """Images that are passed on as they came."""
    completions: Sequence[Completion]
    steps: Sequence[Step]

    @property
    def waits(self) -> bool:
        """Whether anything is still to be sent."""
        return any(each.sent_at is None for each in self._deliveries)

    @property
    def destinations(self) -> Sequence[str]:
        """Who was to be sent something of it."""
        return sorted({each.destination for each in self._deliveries})

    @property
    def _deliveries(self) -> Sequence[Delivery]:
        return [*self.originals, *(each for one in self.work for each in one.deliveries)]


def story_of(ledger: Ledger, study: str) -> Story:
    """Return all that is known of that study.

    Raises:
        UnknownError: if it is not known.
    """
    standing = ledger.standing(study)
    work = _work(ledger, study)
    images = _shown(_images(ledger, study), work)
    work = _numbered(work, images)
    refusals = ledger.refusals_of(study)
    completions = ledger.completions(study)
    originals = [one for one in ledger.deliveries(study, limit=None) if one.is_original]
    steps = [
        *_received(images),
        *_refused(refusals),
        *_completed(completions),
        *_decided(images),
        *_done(work),
        *_sent(originals, "image as it came"),
    ]
    told = sorted(steps, key=lambda step: step.at)
    return Story(standing, images, work, refusals, originals, completions, told)


def work_of(ledger: Ledger, job_id: str) -> Work:
    """Return that job with what it made.

    Raises:
        UnknownError: if it is not known.
    """
    job = ledger.job(job_id)
    found = [one for one in _work(ledger, job.study_instance_uid) if one.job.job_id == job_id]
    if not found:
        raise UnknownError(f"no job {job_id} in the ledger")
    return found[0]


def _images(ledger: Ledger, study: str) -> Sequence[Image]:
    decided: dict[tuple[str, str], list[Decision]] = {}
    for one in ledger.decisions(study):
        decided.setdefault((one.sop_instance_uid, one.version), []).append(one)
    return [
        Image(instance, decided.get((instance.sop_instance_uid, instance.version), []))
        for instance in ledger.instances(study)
    ]


def _shown(images: Sequence[Image], work: Sequence[Work]) -> Sequence[Image]:
    """Return `images` with what the viewer calls them."""
    made = [one.job for one in work if one.results]
    return [
        replace(image, shown_as=key_of(image.instance))
        if image.instance.removed_at is None and any(is_of(job, image.instance) for job in made)
        else image
        for image in images
    ]


def _work(ledger: Ledger, study: str) -> Sequence[Work]:
    sent: dict[str, list[Delivery]] = {}
    for each in ledger.deliveries(study, limit=None):
        sent.setdefault(each.job_id, []).append(each)
    jobs = sorted(ledger.jobs(study, limit=None), key=lambda job: (job.created_at, job.job_id))
    return [
        Work(job, job_story(job), ledger.results(job.job_id), sent.get(job.job_id, []))
        for job in jobs
    ]


def _numbered(work: Sequence[Work], images: Sequence[Image]) -> Sequence[Work]:
    """Return `work` with the numbers of its images."""
    numbers = {one.instance.sop_instance_uid: n for n, one in enumerate(images, start=1)}
    return [
        replace(one, numbers=[numbers[uid] for uid in one.job.sop_instance_uids if uid in numbers])
        for one in work
    ]


def _received(images: Sequence[Image]) -> Iterator[Step]:
    for number, image in enumerate(images, start=1):
        one = image.instance
        view = f" {one.view}" if one.view else ""
        version = ", with other bytes than before" if one.version else ""
        yield Step(
            one.received_at, f"Image {number}{view} came from {one.calling_ae_title}{version}"
        )


def _refused(refusals: Sequence[Refusal]) -> Iterator[Step]:
    for one in refusals:
        yield Step(
            one.refused_at, f"An image from {one.calling_ae_title} was refused", one.reason, "bad"
        )


def _completed(completions: Sequence[Completion]) -> Iterator[Step]:
    for one in completions:
        again = f", re-run {one.rerun}" if one.rerun else ""
        missing = f"; missing: {', '.join(one.missing)}" if one.missing else ""
        what = (
            f"The study was judged: {_many(one.images, 'image')}, {_many(one.jobs, 'job')}{again}"
        )
        yield Step(one.completed_at, what, f"{one.reason}{missing}", "wait" if missing else "")


def _many(count: int, noun: str) -> str:
    first, space, rest = noun.partition(" ")
    return f"{count} {noun}" if count == 1 else f"{count} {first}s{space}{rest}"


def _decided(images: Sequence[Image]) -> Iterator[Step]:
    """Yield what was decided, images that were decided alike at once together."""
    alike: dict[Step, list[str]] = {}
    for number, image in enumerate(images, start=1):
        for one in image.decisions:
            if one.taken:
                what = f"taken by route {one.route} for {one.pipeline}"
            else:
                what = f"not taken by route {one.route}" if one.route else "no route applies"
            why = "" if one.taken and one.reason == TAKEN else one.reason
            told = Step(one.decided_at, what, why, "" if one.taken else "wait")
            alike.setdefault(told, []).append(str(number))
    for told, numbers in alike.items():
        noun = "Image" if len(numbers) == 1 else "Images"
        yield replace(told, what=f"{noun} {', '.join(numbers)}: {told.what}")


def _done(work: Sequence[Work]) -> Iterator[Step]:
    for one in work:
        job, of_which = one.job, one.of_which
        if job.started_at is not None:
            yield Step(job.started_at, f"Work on {job.pipeline}{of_which} began")
        if job.finished_at is not None:
            yield Step(job.finished_at, f"Work on {job.pipeline}{of_which} ended", *_ended(one))
        yield from _sent(one.deliveries, "result", of_which)


def _sent(deliveries: Sequence[Delivery], noun: str, of_which: str = "") -> Iterator[Step]:
    """Yield what each destination has, in one step what it answered alike."""
    alike: dict[tuple[str, str], list[datetime]] = {}
    for each in deliveries:
        if each.sent_at is not None:
            alike.setdefault((each.destination, each.error), []).append(each.sent_at)
        elif each.state is DeliveryState.PARKED:
            told = f"{each.destination} does not have 1 {noun}{of_which}"
            yield Step(each.run_at, told, delivery_story(each), "bad")
    for (destination, remark), moments in alike.items():
        what = f"{destination} has {_many(len(moments), noun)}{of_which}"
        yield Step(max(moments), what, remark, "good")


def _ended(one: Work) -> tuple[str, str]:
    """Return why, and the mood of it."""
    if one.job.state is JobState.DONE:
        made = f"{_many(len(one.results), 'result')} in {told_seconds(one.seconds)}"
        return f"{made}; {one.job.error}" if one.job.error else made, "good"
    return one.story, "bad" if one.job.state in BAD else "wait"
