"""What routes would make of studies that were judged before: pure questions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydicom import Dataset

from service.errors import BadObjectError, RefusedError
from service.ledger.histories import History
from service.ledger.records import Decision, Instance, Job
from service.router.deciding import Deciding
from service.router.explaining import for_study
from service.router.judge import Judge
from service.router.sight import Headers

Kind = Literal["new job", "no job", "other job", "decision"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would be otherwise than it was."""

    kind: Kind
    """A job that there was not; one that there would not be; one that would go elsewhere or in
    another lane; a decision on an image."""
    route: str
    pipeline: str
    images: tuple[str, ...]
    """Their SOP Instance UIDs."""
    then: str
    """What was decided, in words; empty where nothing was."""
    now: str


def replayed(judge: Judge, history: History, headers: Headers) -> list[Change]:
    """Return what would change if `history` came now; only what was judged of it counts.

    Raises:
        RefusedError: if it was not judged yet, or bytes of it were removed.
        UnavailableError: if its bytes cannot be had now.
    """
    kept = _judged(history)
    there = _Once(headers)
    judge = for_study(judge, list(_readable(kept, there)))
    deciding = Deciding(_Nothing(), there, judge, kept)
    decisions, jobs = deciding.decided(kept)
    return [*_jobs(history.jobs, jobs), *_decisions(history.decisions, decisions)]


def _judged(history: History) -> list[Instance]:
    judged = {(one.sop_instance_uid, one.version) for one in history.decisions}
    kept = [one for one in history.instances if (one.sop_instance_uid, one.version) in judged]
    if not kept:
        raise RefusedError("it was not judged yet")
    if any(one.removed_at for one in kept):
        raise RefusedError("bytes of it are no longer kept")
    return kept


def _readable(kept: Iterable[Instance], headers: Headers) -> Iterator[tuple[Instance, Dataset]]:
    for one in kept:
        try:
            yield one, headers.header(one.sop_instance_uid, one.version)
        except BadObjectError:
            continue


class _Once:
    """Reads each header of a study once."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._read: dict[tuple[str, str], Dataset | BadObjectError] = {}

    def header(self, sop_instance_uid: str, version: str = "") -> Dataset:
        """Return that instance without its pixels."""
        key = (sop_instance_uid, version)
        if key not in self._read:
            try:
                self._read[key] = self._headers.header(sop_instance_uid, version)
            except BadObjectError as error:
                self._read[key] = error
        found = self._read[key]
        if isinstance(found, BadObjectError):
            raise found
        return found


class _Nothing:
    """A study of which nothing was decided before."""

    def decisions(self, study_instance_uid: str) -> Sequence[Decision]:
        """Return nothing."""
        del study_instance_uid
        return ()


JobKey = tuple[str, str, frozenset[tuple[str, str]]]
DecisionKey = tuple[str, str, str, str]


def _jobs(then: Iterable[Job], now: Iterable[Job]) -> Iterator[Change]:
    """Yield the jobs that differ; the version of a model is no matter of routes."""
    before, after = {_key(job): job for job in then}, {_key(job): job for job in now}
    for key, job in after.items():
        if key not in before:
            yield _change("new job", job, "", _goes(job))
        elif _goes(before[key]) != _goes(job):
            yield _change("other job", job, _goes(before[key]), _goes(job))
    for key, job in before.items():
        if not any(_is_within(key, other) for other in after):
            yield _change("no job", job, _goes(job), "")


def _key(job: Job) -> JobKey:
    return job.route, job.pipeline, frozenset(job.version_of.items())


def _is_within(key: JobKey, other: JobKey) -> bool:
    """Return whether a job is another, or was done on less of the study, as images came late."""
    return key[:2] == other[:2] and key[2] <= other[2]


def _goes(job: Job) -> str:
    return f"{job.priority.name.lower()}, to {' and '.join(job.send_to)}"


def _change(kind: Kind, job: Job, then: str, now: str) -> Change:
    return Change(kind, job.route, job.pipeline, job.sop_instance_uids, then, now)


def _decisions(then: Iterable[Decision], now: Iterable[Decision]) -> Iterator[Change]:
    before = {_key_of(one): one for one in then}
    after = {_key_of(one): one for one in now}
    for key in dict.fromkeys([*before, *after]):
        was, will = _said(before.get(key)), _said(after.get(key))
        if was != will:
            uid, _, route, pipeline = key
            yield Change("decision", route, pipeline, (uid,), was, will)


def _key_of(decision: Decision) -> DecisionKey:
    return decision.sop_instance_uid, decision.version, decision.route, decision.pipeline


def _said(decision: Decision | None) -> str:
    return decision.reason if decision is not None else ""
