"""What becomes of one image under the routes in force."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from pydicom import Dataset

from pipelines.results.provenance import is_ours
from service.errors import BadObjectError
from service.ledger.reading import UNREADABLE
from service.ledger.records import Decision, Instance, Job
from service.router.circumstances import Circumstances
from service.router.fallback import fallen_back
from service.router.limits import Begin
from service.router.match import Match, matches, may_use
from service.router.returning import destinations_for
from service.router.routes import Route, Routes
from service.router.values import Show, discreet
from service.router.versions import versions_of

OURS = "it is a result of this system"
"""It came back: whatever the routes and pipelines are, nothing is made of it again."""
NO_IMAGE = "it says where to look, and there is no image of its study to look at"
NO_WAY_BACK = "it cannot be sent back: no destination has the AE title of its sender"
PASSED_ON = "taken: it is passed on as it came"


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
    about: Circumstances = field(default_factory=Circumstances)
    """The study that the images are of."""
    show: Show = discreet
    """How reasons tell of values."""

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

    def matched(self, header: Dataset, calling_ae_title: str) -> list[Match]:
        """Return for each route whether the image takes it.

        Raises:
            BadObjectError: if a value that a route asks for cannot be read.
        """
        found = [
            replace(one, why_not=one.why_not or self.about.closed.get(one.route.name, ""))
            for one in matches(self.routes.routes, header, calling_ae_title, self.show)
        ]
        return fallen_back(found)

    def taken(self, header: Dataset, calling_ae_title: str) -> list[Route]:
        """Return the routes that an image takes, in the order they are written.

        Raises:
            BadObjectError: if a value that a route asks for cannot be read.
        """
        found = self.matched(header, calling_ae_title)
        return [one.route for one in found if not one.why_not]

    def _judged(self, instance: Instance, header: Dataset) -> list[tuple[Decision, Job | None]]:
        found = self.matched(header, instance.calling_ae_title)
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
        passed = [(self._passed_on(route, instance), None) for route in taken if route.originals]
        return [*under, *passed, *beside]

    def _under(
        self, route: Route, pipeline: str, instance: Instance, header: Dataset
    ) -> tuple[Decision, Job | None]:
        if self.is_beside(route, pipeline, instance, header):
            return self._beside(route, pipeline, instance), None
        skipped = self._stopped(route, instance) or self._skips(pipeline, header, route.allow)
        alone = not skipped and not self.pipelines[pipeline].takes_studies
        job = self.job(route, pipeline, [instance]) if alone else None
        decision = replace(
            self._decision(instance, skipped or "taken"),
            route=route.name,
            pipeline=pipeline,
            taken=not skipped,
            job_id=job.job_id if job else "",
        )
        return decision, job

    def _passed_on(self, route: Route, instance: Instance) -> Decision:
        stopped = self._stopped(route, instance)
        decision = self._decision(instance, stopped or PASSED_ON)
        return replace(decision, route=route.name, taken=not stopped)

    def _stopped(self, route: Route, instance: Instance) -> str:
        """Return why `route` does nothing with an image although it applies to it."""
        if route.name in self.about.over:
            return self.about.over[route.name]
        if not destinations_for(route, [instance.calling_ae_title], self.routes):
            return f"{NO_WAY_BACK}: {instance.calling_ae_title}"
        return ""

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
        decision = self._decision(instance, NO_IMAGE)
        return replace(decision, route=route.name, pipeline=pipeline)

    def _skips(self, pipeline: str, header: Dataset, allowed: Collection[str]) -> str | None:
        try:
            return self.pipelines[pipeline].skips(header, allowed)
        except UNREADABLE:
            raise BadObjectError("a value of its header cannot be read") from None

    def begin(self, route: Route) -> Begin:
        """Return when the work of `route` begins."""
        return self.about.begins.get(route.name) or Begin(self.now)

    def job(self, route: Route, pipeline: str, instances: Sequence[Instance]) -> Job:
        """Return the job of that pipeline on `instances`, which are of one study."""
        callers = {one.calling_ae_title for one in instances}
        begin = self.begin(route)
        return Job(
            job_id=job_id(instances, route.name, pipeline, self.versions[pipeline]),
            study_instance_uid=instances[0].study_instance_uid,
            sop_instance_uids=tuple(one.sop_instance_uid for one in instances),
            route=route.name,
            pipeline=pipeline,
            send_to=destinations_for(route, callers, self.routes),
            priority=route.lane,
            created_at=self.now,
            run_at=begin.run_at,
            versions=versions_of(instances),
            waits=begin.waits,
            rerun=self.about.rerun,
            routes_version=self.about.routes_version,
        )

    def _decision(self, instance: Instance, reason: str) -> Decision:
        uid, version = instance.sop_instance_uid, instance.version
        return Decision(uid, "", "", False, reason, "", self.now, version)  # noqa: FBT003


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
