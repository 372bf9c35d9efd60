"""From a complete study to jobs in the queue."""

import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol, get_args

from pydicom import Dataset

from pipelines.results.provenance import is_ours
from service.errors import BadObjectError, UnavailableError
from service.ledger.ledger import Studies
from service.ledger.reading import UNREADABLE
from service.ledger.records import Decision, Instance, Job, Study
from service.ledger.spool import Spool
from service.queue.queue import Queue
from service.router.complete import is_complete
from service.router.gather import members, of, with_job
from service.router.match import matches, may_use
from service.router.routes import Route, Routes
from service.router.versions import Policy, allowed, chosen, on, versions_of

logger = logging.getLogger(__name__)

POLL_S = 1.0
UNAVAILABLE_S = 5.0
"""Pause when ledger or spool is unavailable."""


OURS = "it is a result of this system"
"""It came back: whatever the routes and pipelines are, nothing is made of it again."""
NO_IMAGE = "it says where to look, and there is no image of its study to look at"
NO_IMAGES = (
    "1.2.840.10008.5.1.4.1.1.11.",
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.88.",
)
"""Presentation states, segmentations and reports; cheap to ask before their headers are read."""


class Recipe(Protocol):
    """What the router asks of a pipeline."""

    @property
    def takes_studies(self) -> bool:
        """Whether a job is all that a study holds for it, and not one image."""
        ...

    def skips(self, header: Dataset, allowed: Collection[str] = ()) -> str | None:
        """Return why this image is not processed; None if it is."""
        ...

    def accompanies(self, header: Dataset) -> bool:
        """Return whether an object that is no image says where to look on those of its study."""
        ...


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what becomes of one image under the routes of now; writes nothing down."""

    routes: Routes
    pipelines: Mapping[str, Recipe]
    versions: Mapping[str, str]
    """Of the model each pipeline runs, by the pipeline's name."""
    now: datetime

    def judge(self, instance: Instance, header: Dataset) -> list[tuple[Decision, Job | None]]:
        """Return what each route that applies makes of the image, or that none applies."""
        try:
            if _is_ours(header):
                return [(self._decision(instance, OURS), None)]
            return self._judged(instance, header)
        except BadObjectError as error:
            return [(self.refused(instance, str(error)), None)]

    def refused(self, instance: Instance, reason: str) -> Decision:
        """Return the decision on an image that cannot be read."""
        return self._decision(instance, f"refused: {reason}")

    def _judged(self, instance: Instance, header: Dataset) -> list[tuple[Decision, Job | None]]:
        found = matches(self.routes.routes, header, instance.calling_ae_title)
        taken = [match.route for match in found if not match.why_not]
        beside: list[tuple[Decision, Job | None]] = [
            (self._beside(route, pipeline, instance), None)
            for route, pipeline in self.of_studies()
            if route not in taken and self.is_beside(route, pipeline, instance, header)
        ]
        if beside and not taken:
            return beside
        if not taken:
            reasons = [f"{match.route.name}: {match.why_not}" for match in found]
            reason = f"no route: {'; '.join(reasons) or 'none is configured'}"
            return [(self._decision(instance, reason), None)]
        under = [
            self._under(route, pipeline, instance, header)
            for route in taken
            for pipeline in route.pipelines
        ]
        return [*under, *beside]

    def _under(
        self, route: Route, pipeline: str, instance: Instance, header: Dataset
    ) -> tuple[Decision, Job | None]:
        if self.is_beside(route, pipeline, instance, header):
            return self._beside(route, pipeline, instance), None
        skipped = self._skips(pipeline, header, route.allow)
        alone = not skipped and not self.pipelines[pipeline].takes_studies
        job = self.job(route, pipeline, [instance]) if alone else None
        decision = Decision(
            sop_instance_uid=instance.sop_instance_uid,
            route=route.name,
            pipeline=pipeline,
            taken=not skipped,
            reason=skipped or "taken",
            job_id=job.job_id if job else "",
            decided_at=self.now,
            version=instance.version,
        )
        return decision, job

    def of_studies(self) -> Iterator[tuple[Route, str]]:
        """Yield the routes with those of their pipelines that take studies."""
        for route in self.routes.routes:
            for pipeline in route.pipelines:
                if self.pipelines[pipeline].takes_studies:
                    yield route, pipeline

    def is_beside(self, route: Route, pipeline: str, instance: Instance, header: Dataset) -> bool:
        """Return whether it says where to look, and its sender may use `route`."""
        may_mark = route.marks and may_use(route, instance.calling_ae_title)
        return may_mark and self._accompanies(pipeline, header)

    def _accompanies(self, pipeline: str, header: Dataset) -> bool:
        try:
            return self.pipelines[pipeline].accompanies(header)
        except UNREADABLE:
            raise BadObjectError("a value of its header cannot be read") from None

    def _beside(self, route: Route, pipeline: str, instance: Instance) -> Decision:
        """Return the decision on what says where to look, as long as there is no image of it."""
        return Decision(
            sop_instance_uid=instance.sop_instance_uid,
            route=route.name,
            pipeline=pipeline,
            taken=False,
            reason=NO_IMAGE,
            job_id="",
            decided_at=self.now,
            version=instance.version,
        )

    def _skips(self, pipeline: str, header: Dataset, allowed: Collection[str]) -> str | None:
        try:
            return self.pipelines[pipeline].skips(header, allowed)
        except UNREADABLE:
            raise BadObjectError("a value of its header cannot be read") from None

    def job(self, route: Route, pipeline: str, instances: Sequence[Instance]) -> Job:
        """Return the job of that pipeline on `instances`, which are of one study."""
        return Job(
            job_id=job_id(instances, route.name, pipeline, self.versions[pipeline]),
            study_instance_uid=instances[0].study_instance_uid,
            sop_instance_uids=tuple(one.sop_instance_uid for one in instances),
            route=route.name,
            pipeline=pipeline,
            send_to=route.send_to,
            priority=route.lane,
            created_at=self.now,
            run_at=self.now,
            versions=versions_of(instances),
        )

    def _decision(self, instance: Instance, reason: str) -> Decision:
        uid, version = instance.sop_instance_uid, instance.version
        return Decision(uid, "", "", False, reason, "", self.now, version)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class Router:
    """Turns studies that are complete into jobs."""

    ledger: Studies
    received: Spool
    routes: Callable[[], Routes]
    """The routes in force."""
    pipelines: Mapping[str, Recipe]
    versions: Mapping[str, str]
    """Of the model each pipeline runs, by the pipeline's name."""
    queue: Queue
    now: Callable[[], datetime]

    def run(self, stop: Event) -> None:
        """Route what is due until `stop` is set."""
        pause = POLL_S
        while not stop.wait(pause):
            try:
                self.route_due()
                pause = POLL_S
            except UnavailableError as error:
                logger.warning("routing waits: %s", error)
                pause = UNAVAILABLE_S

    def route_due(self) -> int:
        """Judge every study that is complete by now; return how many.

        Raises:
            UnavailableError: if ledger or spool is for one of them; the others are judged.
        """
        judge = self.judge()
        due = [study for study in self.ledger.undecided_studies() if self._is_due(study, judge)]
        unavailable: UnavailableError | None = None
        for study in due:
            try:
                self._route(study.study_instance_uid, judge)
            except UnavailableError as error:
                unavailable = error
        if unavailable is not None:
            raise unavailable
        return len(due)

    def judge(self) -> Judge:
        """Return what says what becomes of an image under the routes in force."""
        return Judge(self.routes(), self.pipelines, self.versions, self.now())

    def _is_due(self, study: Study, judge: Judge) -> bool:
        waiting = self.ledger.undecided_instances(study.study_instance_uid)
        if not waiting:
            return False
        calling = study.calling_ae_title
        rules = [route.complete for route in judge.routes.routes if may_use(route, calling)]
        reason = is_complete(study, waiting[0].received_at, rules, judge.now)
        if reason is not None:
            logger.info("study %s: %s", study.study_instance_uid, reason)
        return reason is not None

    def _route(self, study_instance_uid: str, judge: Judge) -> None:
        undecided = self.ledger.undecided_instances(study_instance_uid)
        kept = self.ledger.instances(study_instance_uid)
        counting = {policy: chosen(kept, policy) for policy in get_args(Policy)}
        judged = [
            allowed(pair, counting[judge.routes.versions(pair[0].route)])
            for instance in undecided
            for pair in self._judged(instance, judge)
        ]
        jobs = [job for _, job in judged if job is not None]
        decisions = [decision for decision, _ in judged]
        for route, pipeline in judge.of_studies():
            job = self._study_job(study_instance_uid, decisions, judge, (route, pipeline))
            if job is not None:
                jobs.append(job)
                decisions = with_job(decisions, job)
        if not self.ledger.decide(decisions, jobs, undecided):
            return  # another router was first
        for job in jobs:
            self.queue.put(job.job_id)

    def _study_job(
        self,
        study_instance_uid: str,
        decisions: Sequence[Decision],
        judge: Judge,
        recipe: tuple[Route, str],
    ) -> Job | None:
        """Return the job of a pipeline that takes studies, None where nothing new came for it."""
        route, pipeline = recipe
        here = [one for one in self.ledger.instances(study_instance_uid) if not one.removed_at]
        instances = chosen(here, route.versions)
        now = on(of(decisions, route.name, pipeline), instances)
        if not now:
            return None
        beside = {
            uid for uid, one in instances.items() if self._is_beside(one, judge, route, pipeline)
        }
        before = on(of(self.ledger.decisions(study_instance_uid), route.name, pipeline), instances)
        uids = members(now, before, beside)
        if not uids:
            return None
        return judge.job(route, pipeline, [instances[uid] for uid in sorted(uids)])

    def _is_beside(self, instance: Instance, judge: Judge, route: Route, pipeline: str) -> bool:
        if not instance.sop_class_uid.startswith(NO_IMAGES):
            return False
        try:
            header = self.received.header(instance.sop_instance_uid, instance.version)
            return judge.is_beside(route, pipeline, instance, header)
        except BadObjectError:
            return False

    def _judged(self, instance: Instance, judge: Judge) -> list[tuple[Decision, Job | None]]:
        try:
            header = self.received.header(instance.sop_instance_uid, instance.version)
        except BadObjectError as error:
            return [(judge.refused(instance, str(error)), None)]
        return judge.judge(instance, header)


def _is_ours(header: Dataset) -> bool:
    try:
        return is_ours(header)
    except UNREADABLE:
        raise BadObjectError("a value of its header cannot be read") from None


def job_id(instances: Sequence[Instance], route: str, pipeline: str, version: str) -> str:
    """Return the id of that job: the same images under the same recipe are the same job."""
    images = [
        part
        for one in instances
        for part in (one.sop_instance_uid, one.digest, one.version)[: 3 if one.version else 2]
    ]
    parts = (instances[0].study_instance_uid, *images, route, pipeline, version)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
