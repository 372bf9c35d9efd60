"""How the work of a node stands: how much there is in each state, and what went wrong why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from service.doctor.masking import Mask
from service.ledger.ledger import Ledger
from service.ledger.records import DeliveryState, Job, JobState

NEWEST = 1000
"""Failures that are looked at."""
BAD = (JobState.DEAD, JobState.PARKED)


def counts(ledger: Ledger) -> Mapping[str, object]:
    """Return how much there is of everything, by state."""
    return {
        "studies": ledger.study_counts(),
        "jobs": _rows(ledger.job_counts(), "pipeline", "state", "priority"),
        "deliveries": _rows(ledger.delivery_counts(), "destination", "state"),
        "spool_files_bytes": ledger.spool_usage(),
        "overview": asdict(ledger.overview()),
        "workers": [asdict(one) for one in ledger.workers()],
        "commitments": Counter(one.state for one in ledger.commitments(limit=NEWEST)),
    }


def _rows(counted: Mapping[Any, int], *names: str) -> list[Mapping[str, object]]:
    return [{**dict(zip(names, key, strict=True)), "count": n} for key, n in counted.items()]


def failures(ledger: Ledger, mask: Mask, now: datetime) -> Mapping[str, object]:
    """Return why jobs, deliveries and objects failed, and how often each; UIDs are masked first.

    So failures that differ only in what they happened to are counted together.
    """
    bad = [job for state in BAD for job in ledger.jobs(state=state, limit=NEWEST)]
    late = [job for job in ledger.jobs(state=JobState.QUEUED, limit=NEWEST) if job.error]
    unsent = [
        f"{one.destination}: {one.state} after {one.attempts} attempts: {one.error}"
        for state in (DeliveryState.PARKED, DeliveryState.OWED)
        for one in ledger.deliveries(state=state, limit=NEWEST)
        if one.error
    ]
    refused = [f"{one.status:04X}H: {one.reason}" for one in ledger.refusals(NEWEST)]
    return {
        "jobs": _summed((_said(job) for job in bad), mask),
        "jobs_that_wait": _summed((_said(job) for job in late), mask),
        "deliveries": _summed(unsent, mask),
        "refusals": _summed(refused, mask),
        "oldest_queued_s": _age(ledger.jobs(state=JobState.QUEUED, limit=NEWEST), now),
    }


def _said(job: Job) -> str:
    """Return what went wrong with a job, and in which phase: the last stage that it came to."""
    phase = [*job.stages][-1] if job.stages else "before the first stage"
    times = f"{job.failures} failures, {job.crashes} crashes, {job.losts} losses"
    return f"{job.pipeline}: {job.state} ({phase}; {times}): {job.error}"


def _summed(texts: Iterable[str], mask: Mask) -> list[Mapping[str, object]]:
    counted = Counter(mask.text(text) for text in texts)
    return [{"what": what, "count": count} for what, count in counted.most_common()]


def _age(jobs: Iterable[Job], now: datetime) -> float:
    return max(((now - job.created_at).total_seconds() for job in jobs), default=0.0)
