"""Which images of a study one job is made of, for pipelines that take studies: pure questions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from service.ledger.records import Decision, Job

ACCOMPANIES = "taken: it says where to look"


def members(
    now: Iterable[Decision], before: Iterable[Decision], beside: Collection[str]
) -> set[str]:
    """Return the SOP Instance UIDs that a job is made of, none where nothing is new.

    `now` are the decisions of a route and a pipeline on what just came, `before` those on what came
    earlier; `beside` are the objects of the study that say where to look.
    """
    now = list(now)
    new = {one.sop_instance_uid for one in now if one.taken}.difference(beside)
    earlier = {one.sop_instance_uid for one in before if one.taken}.difference(beside)
    fresh = {one.sop_instance_uid for one in now}.intersection(beside)
    if not (new or (fresh and earlier)):
        return set()
    return new | earlier | set(beside)


def with_job(decisions: Iterable[Decision], job: Job) -> list[Decision]:
    """Return `decisions`, those on what `job` is made of naming it.

    What came earlier and was of no use then says where to look now: it is decided anew.
    """
    versions = job.version_of
    told = [
        replace(one, job_id=job.job_id, taken=True, reason=one.reason if one.taken else ACCOMPANIES)
        if _is_of(one, job, versions)
        else one
        for one in decisions
    ]
    new = {one.sop_instance_uid for one in told if _is_of(one, job, versions)}
    return told + [
        Decision(
            sop_instance_uid=uid,
            route=job.route,
            pipeline=job.pipeline,
            taken=True,
            reason=ACCOMPANIES,
            job_id=job.job_id,
            decided_at=job.created_at,
            version=version,
        )
        for uid, version in versions.items()
        if uid not in new
    ]


def of(decisions: Iterable[Decision], route: str, pipeline: str) -> list[Decision]:
    """Return the decisions under that route and that pipeline."""
    return [one for one in decisions if (one.route, one.pipeline) == (route, pipeline)]


def _is_of(decision: Decision, job: Job, versions: Mapping[str, str]) -> bool:
    return (decision.route, decision.pipeline) == (job.route, job.pipeline) and (
        versions.get(decision.sop_instance_uid) == decision.version
    )
