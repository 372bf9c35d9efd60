"""From a complete study to jobs in the queue."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Protocol

from pydicom import Dataset

from service.errors import BadObjectError, UnavailableError
from service.ledger.ledger import Studies
from service.ledger.records import Decision, Instance, Job, Study
from service.ledger.spool import UNREADABLE, Spool
from service.queue.queue import Queue
from service.router.complete import is_complete
from service.router.match import matches, may_use
from service.router.routes import Route, Routes

logger = logging.getLogger(__name__)

POLL_S = 0.5
UNAVAILABLE_S = 5.0
"""Pause when ledger or spool is unavailable."""


class Recipe(Protocol):
    """What the router asks of a pipeline."""

    def skips(self, header: Dataset) -> str | None:
        """Return why this image is not processed; None if it is."""
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
            return self._judged(instance, header)
        except BadObjectError as error:
            return [(self.refused(instance, str(error)), None)]

    def refused(self, instance: Instance, reason: str) -> Decision:
        """Return the decision on an image that cannot be read."""
        return self._decision(instance, f"refused: {reason}")

    def _judged(self, instance: Instance, header: Dataset) -> list[tuple[Decision, Job | None]]:
        found = matches(self.routes.routes, header, instance.calling_ae_title)
        taken = [match.route for match in found if not match.why_not]
        if not taken:
            reasons = [f"{match.route.name}: {match.why_not}" for match in found]
            reason = f"no route: {'; '.join(reasons) or 'none is configured'}"
            return [(self._decision(instance, reason), None)]
        return [
            self._under(route, pipeline, instance, header)
            for route in taken
            for pipeline in route.pipelines
        ]

    def _under(
        self, route: Route, pipeline: str, instance: Instance, header: Dataset
    ) -> tuple[Decision, Job | None]:
        skipped = self._skips(pipeline, header)
        job = None if skipped else self._job(route, pipeline, instance)
        decision = Decision(
            sop_instance_uid=instance.sop_instance_uid,
            route=route.name,
            pipeline=pipeline,
            taken=job is not None,
            reason=skipped or "taken",
            job_id=job.job_id if job else "",
            decided_at=self.now,
        )
        return decision, job

    def _skips(self, pipeline: str, header: Dataset) -> str | None:
        try:
            return self.pipelines[pipeline].skips(header)
        except UNREADABLE:
            raise BadObjectError("a value of its header cannot be read") from None

    def _job(self, route: Route, pipeline: str, instance: Instance) -> Job:
        return Job(
            job_id=job_id(instance, route.name, pipeline, self.versions[pipeline]),
            study_instance_uid=instance.study_instance_uid,
            sop_instance_uids=(instance.sop_instance_uid,),
            route=route.name,
            pipeline=pipeline,
            send_to=route.send_to,
            priority=route.lane,
            created_at=self.now,
            run_at=self.now,
        )

    def _decision(self, instance: Instance, reason: str) -> Decision:
        return Decision(instance.sop_instance_uid, "", "", False, reason, "", self.now)  # noqa: FBT003


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
        instances = self.ledger.undecided_instances(study_instance_uid)
        judged = [pair for instance in instances for pair in self._judged(instance, judge)]
        jobs: Sequence[Job] = [job for _, job in judged if job is not None]
        self.ledger.decide([decision for decision, _ in judged], jobs)
        for job in jobs:
            self.queue.put(job.job_id)

    def _judged(self, instance: Instance, judge: Judge) -> list[tuple[Decision, Job | None]]:
        try:
            header = self.received.header(instance.sop_instance_uid)
        except BadObjectError as error:
            return [(judge.refused(instance, str(error)), None)]
        return judge.judge(instance, header)


def job_id(instance: Instance, route: str, pipeline: str, version: str) -> str:
    """Return the id of that job: the same image under the same recipe is the same job."""
    parts = (
        instance.study_instance_uid,
        instance.sop_instance_uid,
        instance.sha256,
        route,
        pipeline,
        version,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
