"""What becomes of all images of a study that is complete."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

from service.errors import BadObjectError
from service.ledger.records import Decision, Instance, Job, Original
from service.router.gather import members, of, with_job
from service.router.judge import Judge
from service.router.returning import destinations_for
from service.router.routes import Route
from service.router.sight import Headers
from service.router.versions import Policy, allowed, chosen, on

NO_IMAGES = (
    "1.2.840.10008.5.1.4.1.1.11.",
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.88.",
)
"""Presentation states, segmentations and reports; cheap to ask before their headers are read."""


class Decisions(Protocol):
    """Where it is looked up what was decided before."""

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """Return what was decided for each image of that study."""
        ...


@dataclass(frozen=True, slots=True)
class Deciding:
    """Judges a study; writes nothing down."""

    ledger: Decisions
    received: Headers
    judge: Judge
    kept: Sequence[Instance]
    """All that came of the study, in the order it came."""

    def decided(self, undecided: Sequence[Instance]) -> tuple[list[Decision], list[Job]]:
        """Return what becomes of `undecided`, and the jobs that are made.

        Raises:
            UnavailableError: if ledger or spool is.
        """
        counting = {policy: chosen(self.kept, policy) for policy in get_args(Policy)}
        judged = [
            allowed(pair, counting[self.judge.routes.versions(pair[0].route)])
            for instance in undecided
            for pair in self._judged(instance)
        ]
        jobs = [job for _, job in judged if job is not None]
        decisions = [decision for decision, _ in judged]
        for route, pipeline in self.judge.of_studies():
            job = self._study_job(decisions, route, pipeline)
            if job is not None:
                jobs.append(job)
                decisions = with_job(decisions, job)
        return decisions, jobs

    def originals(self, decisions: Sequence[Decision]) -> tuple[Original, ...]:
        """Return what is passed on as it came, by `decisions`."""
        kept = {(one.sop_instance_uid, one.version): one for one in self.kept}
        return tuple(
            self._original(route, kept[decision.sop_instance_uid, decision.version])
            for decision in decisions
            for route in self.judge.routes.routes
            if decision.taken and (decision.route, decision.pipeline) == (route.name, "")
        )

    def _original(self, route: Route, instance: Instance) -> Original:
        send_to = destinations_for(route, [instance.calling_ae_title], self.judge.routes)
        return Original(instance, send_to, route.lane, self.judge.begin(route).run_at)

    def _study_job(self, decisions: Sequence[Decision], route: Route, pipeline: str) -> Job | None:
        """Return the job of a pipeline that takes studies, None where nothing new came for it."""
        here = [one for one in self.kept if not one.removed_at]
        instances = chosen(here, route.versions)
        now = on(of(decisions, route.name, pipeline), instances)
        if not now or route.name in self.judge.about.over:
            return None
        beside = {uid for uid, one in instances.items() if self._is_beside(one, route, pipeline)}
        earlier = self.ledger.decisions(self.kept[0].study_instance_uid)
        before = on(of(earlier, route.name, pipeline), instances)
        uids = members(now, before, beside)
        if not uids:
            return None
        return self.judge.job(route, pipeline, [instances[uid] for uid in sorted(uids)])

    def _is_beside(self, instance: Instance, route: Route, pipeline: str) -> bool:
        if not instance.sop_class_uid.startswith(NO_IMAGES):
            return False
        try:
            header = self.received.header(instance.sop_instance_uid, instance.version)
            return self.judge.is_beside(route, pipeline, instance, header)
        except BadObjectError:
            return False

    def _judged(self, instance: Instance) -> list[tuple[Decision, Job | None]]:
        try:
            header = self.received.header(instance.sop_instance_uid, instance.version)
        except BadObjectError as error:
            return [(self.judge.refused(instance, str(error)), None)]
        return self.judge.judge(instance, header)
