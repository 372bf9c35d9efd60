"""From a complete study to jobs in the queue."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from typing import Protocol

from pydicom import Dataset

from service.errors import BadObjectError, UnavailableError
from service.ledger.asked.studies import Studies
from service.ledger.completions import Completions, Judged
from service.ledger.records import Completion, Instance, Job, Notice, Study
from service.ledger.routes_versions import RoutesVersions
from service.ledger.spool import Spool
from service.ledger.waiting import Waiting
from service.queue.queue import Queue
from service.router.circumstances import Circumstances, begins, closed, over_limits, rerun_of
from service.router.complete import Verdict, verdict
from service.router.deciding import Deciding
from service.router.judge import Judge, Recipe
from service.router.match import may_use
from service.router.memory import Memory
from service.router.off_peak import keep_hours
from service.router.routes import Routes
from service.router.sight import Look
from service.tracing import NS, past
from service.trail import about

logger = logging.getLogger(__name__)

POLL_S = 1.0
UNAVAILABLE_S = 5.0
"""Pause when ledger or spool is unavailable."""
VERSIONS_KEPT = 50
"""Of the routes, if nobody says otherwise."""


class Books(Studies, Completions, Waiting, RoutesVersions, Protocol):
    """What the router reads and writes down."""

    def jobs(
        self, study_instance_uid: str | None = None, *, limit: int | None = 100
    ) -> Sequence[Job]:
        """Return jobs, newest first; all of them if `limit` is None."""
        ...


@dataclass(frozen=True, slots=True)
class Router:
    """Turns studies that are complete into jobs."""

    ledger: Books
    received: Spool
    routes: Callable[[], Routes]
    """The routes in force."""
    pipelines: Mapping[str, Recipe]
    versions: Mapping[str, str]
    """Of the model each pipeline runs, by the pipeline's name."""
    queue: Queue
    now: Callable[[], datetime]
    versions_kept: int = VERSIONS_KEPT
    """Of the routes."""
    memory: Memory = field(default_factory=Memory)

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
        judge = self._judge_of_now()
        waiting = self.ledger.undecided_studies()
        self.memory.forget(judge.routes, [one.study_instance_uid for one in waiting])
        judged = 0
        unavailable: UnavailableError | None = None
        for study in waiting:
            try:
                judged += self._routed(study, judge)
            except UnavailableError as error:
                unavailable = error
        if unavailable is not None:
            raise unavailable
        return judged

    def judge(self) -> Judge:
        """Return what says what becomes of an image under the routes in force."""
        return Judge(self.routes(), self.pipelines, self.versions, self.now())

    def _judge_of_now(self) -> Judge:
        """Return that judge, its routes written down, and its hours kept."""
        judge = self.judge()
        routes = judge.routes.routes
        if any(one.hours for one in routes) or self.memory.is_new(judge.routes):
            keep_hours(self.ledger, routes, judge.now)
        version = self.memory.version(judge.routes, self._keep_routes)
        return replace(judge, about=Circumstances(routes_version=version))

    def _keep_routes(self, text: str) -> int:
        return self.ledger.keep_routes(text, self.versions_kept)

    def _routed(self, study: Study, judge: Judge) -> bool:
        """Judge `study` if it is complete; return whether it is."""
        uid = study.study_instance_uid
        routes = [one for one in judge.routes.routes if may_use(one, study.calling_ae_title)]
        look = Look(self.ledger, self.received, judge)
        waiting = self.memory.sights.of_study(study, routes, look)
        if waiting is None:
            return False
        found = verdict(study, waiting.since, waiting.sights, judge.now)
        with about(uid):
            return self._settled(study, judge, found)

    def _settled(self, study: Study, judge: Judge, found: Verdict | None) -> bool:
        """Judge `study` if something is found that says that it is complete."""
        uid = study.study_instance_uid
        held = found.reason if found is not None and found.is_held else ""
        if held != study.held:
            self.ledger.hold(uid, held)
        if found is None or held:
            return False
        logger.info("study %s: %s", uid, found.reason)
        undecided = self.ledger.undecided_instances(uid)
        kept = self.ledger.instances(uid)  # after it: all that is undecided is among them
        if not undecided:
            return False  # another router was first
        about = self._about(kept, judge)
        deciding = Deciding(self.ledger, self.received, replace(judge, about=about), kept)
        self._write_down(deciding, undecided, found)
        return True

    def _about(self, kept: Sequence[Instance], judge: Judge) -> Circumstances:
        """Return what of a study bears on each of its images."""
        routes, uid = judge.routes.routes, kept[0].study_instance_uid
        looks = any(one.study_when or one.limits.images or one.limits.mb for one in routes)
        headers = self._headers(kept) if looks else []
        about = replace(
            judge.about,
            closed=closed(routes, headers),
            begins=begins(
                routes, lambda name, since: self.ledger.begun(name, since, uid), judge.now
            ),
            rerun=rerun_of(self.ledger.jobs(uid, limit=None)),
        )
        return replace(about, over=over_limits(routes, headers, replace(judge, about=about)))

    def _headers(self, kept: Sequence[Instance]) -> list[tuple[Instance, Dataset]]:
        found = []
        for one in kept:
            if one.removed_at is None:
                try:
                    header = self.received.header(one.sop_instance_uid, one.version)
                except BadObjectError:
                    continue
                found.append((one, header))
        return found

    def _write_down(
        self, deciding: Deciding, undecided: Sequence[Instance], found: Verdict
    ) -> None:
        decisions, jobs = deciding.decided(undecided)
        judge, uid = deciding.judge, deciding.kept[0].study_instance_uid
        known = {job.job_id for job in self.ledger.jobs(uid, limit=None)}
        completion = Completion(
            study_instance_uid=uid,
            completed_at=judge.now,
            reason=found.reason,
            missing=found.missing,
            images=len(undecided),
            jobs=sum(job.job_id not in known for job in jobs),
            rerun=judge.about.rerun,
            routes_version=judge.about.routes_version,
        )
        told = [Notice("incomplete", uid, found.reason, judge.now)] if found.is_told else []
        judged = Judged(completion, deciding.originals(decisions), tuple(told))
        if not self.ledger.decide(decisions, jobs, undecided, judged):
            return  # another router was first
        logger.info("study %s: %d images make %d jobs", uid, len(undecided), completion.jobs)
        came = min(one.received_at for one in undecided)
        when = int(came.timestamp() * NS), int(judge.now.timestamp() * NS)
        past("route", uid, when, reason=found.reason, jobs=completion.jobs)
        for job in jobs:
            if job.run_at <= judge.now:
                self.queue.put(job.job_id)
