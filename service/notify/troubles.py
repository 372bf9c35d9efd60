"""From facts to what goes wrong, in plain words: pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.ledger.notifying import Heap, Severity
from service.ledger.records import JobState
from service.notify.facts import Facts
from service.notify.words import counted, one_line

AT_ONCE = timedelta()
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong now, and what to do about it."""

    key: str
    """The same for as long as it is the same trouble."""
    severity: Severity
    what: str
    """And where; it stays the same while nothing happens."""
    why: str
    remedy: str
    since: datetime
    over: str
    """What is said when it is over; empty: nothing, for it is no state but an event."""
    newest: datetime | None = None
    """The newest of many alike: when a newer one comes there is more to tell."""
    patience: timedelta = AT_ONCE
    """It is told if it lasts for so long."""
    page: str = ""
    """The console's page of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is a trouble."""

    disk_full: int
    """Bytes: with less than that free, images are refused."""
    disk_low: int
    """Bytes: with less than that free, people are told."""
    without_worker: timedelta
    unreached: timedelta
    refused_per_hour: int


def troubles(facts: Facts, limits: Limits, now: datetime) -> list[Trouble]:
    """Return what goes wrong by those facts, the worst first."""
    found = [
        *_of_the_disk(facts, limits, now),
        *_of_workers(facts, limits, now),
        *_of_routes(facts, now),
        *(_given_up(state, heap) for state, heap in facts.given_up),
        *map(_parked, facts.parked),
        *(_unreached(heap, limits) for heap in facts.unreached),
        *map(_held, facts.held),
        *map(_incomplete, facts.incomplete),
        *(_refused(heap, limits) for heap in facts.refused),
    ]
    return sorted(found, key=lambda one: one.severity is not Severity.ERROR)


def _of_the_disk(facts: Facts, limits: Limits, now: datetime) -> Iterator[Trouble]:
    if facts.disk_error:
        yield Trouble(
            key="disk-broken",
            severity=Severity.ERROR,
            what="the disk of what comes in cannot be used: senders are told to try again",
            why=facts.disk_error,
            remedy="look after the disk; senders keep what they could not send",
            since=now,
            over="the disk of what comes in can be used again",
        )
        return
    free = facts.free_bytes
    if free is not None and free <= limits.disk_full:
        yield Trouble(
            key="disk-full",
            severity=Severity.ERROR,
            what="the disk is full: images are refused (A700H), and senders keep them",
            why=f"{free // MB} MB are free, {limits.disk_full // MB} MB must stay",
            remedy="make room on the disk of data_dir, or keep less: retention.received_days",
            since=now,
            over="the disk has room again: images are taken",
        )
    if free is not None and free <= limits.disk_low:
        yield Trouble(
            key="disk-low",
            severity=Severity.WARNING,
            what=f"the disk is nearly full: less than {limits.disk_low // MB} MB are free",
            why=f"{free // MB} MB are free; below {limits.disk_full // MB} MB images are refused",
            remedy="make room on the disk of data_dir, or keep less: retention.received_days",
            since=now,
            over=f"the disk has more than {limits.disk_low // MB} MB free again",
        )


def _of_workers(facts: Facts, limits: Limits, now: datetime) -> Iterator[Trouble]:
    if not facts.workers:
        yield Trouble(
            key="no-worker",
            severity=Severity.ERROR,
            what="no worker is alive: images are taken, and nothing is worked on",
            why="none told of itself lately",
            remedy="look at the log of `senoscope serve` or `senoscope worker`; "
            "`senoscope check` says more",
            since=now,
            over="a worker is alive again",
            patience=limits.without_worker,
        )


def _of_routes(facts: Facts, now: datetime) -> Iterator[Trouble]:
    if facts.routes_error:
        yield Trouble(
            key="routes",
            severity=Severity.ERROR,
            what="routes.toml on the disk is broken: the last good routes stay in force",
            why=one_line(facts.routes_error),
            remedy="mend the file; until then the node cannot be started anew. "
            "`senoscope routes check` tells whether it is good",
            since=now,
            over="routes.toml on the disk is in force again",
            page="routes",
        )


def _given_up(state: JobState, heap: Heap) -> Trouble:
    jobs = counted(heap.count, "job")
    are = "is" if heap.count == 1 else "are"
    return Trouble(
        key=f"jobs-{state}:{heap.name}",
        severity=Severity.ERROR,
        what=f"{jobs} of pipeline {one_line(heap.name)} {are} {state}",
        why=f"the last of study {heap.study_instance_uid}: {one_line(heap.reason)}",
        remedy=f"`senoscope jobs list --state {state}` shows them, "
        "`senoscope jobs retry JOB` runs one again when its reason is mended",
        since=heap.since,
        over=f"no job of pipeline {one_line(heap.name)} is {state} any more",
        newest=heap.newest,
        page=f"jobs?state={state}",
    )


def _parked(heap: Heap) -> Trouble:
    name, results = one_line(heap.name), counted(heap.count, "object")
    return Trouble(
        key=f"deliveries-parked:{heap.name}",
        severity=Severity.ERROR,
        what=f"{name} will not have {results}: parked",
        why=f"the last of study {heap.study_instance_uid}: {one_line(heap.reason)}",
        remedy=f"`senoscope deliveries list --state parked` shows them; when {name} is mended, "
        f"`senoscope deliveries retry --destination {name}` sends them again",
        since=heap.since,
        over=f"nothing is parked for {name} any more",
        newest=heap.newest,
        page="deliveries?state=parked",
    )


def _unreached(heap: Heap, limits: Limits) -> Trouble:
    name, minutes = one_line(heap.name), round(limits.unreached.total_seconds() / 60)
    return Trouble(
        key=f"unreached:{heap.name}",
        severity=Severity.ERROR,
        what=f"{name} has taken nothing for more than {counted(minutes, 'minute')}",
        why=f"{counted(heap.count, 'object')} to be sent there: {one_line(heap.reason)}",
        remedy=f"see that {name} is up, reachable and has room; "
        "what it is owed is sent by itself when it is",
        since=heap.since,
        over=f"{name} takes what it is sent again",
        page="destinations",
    )


def _held(heap: Heap) -> Trouble:
    studies = counted(heap.count, "study", "studies")
    return Trouble(
        key="held",
        severity=Severity.WARNING,
        what=f"{studies} {'waits' if heap.count == 1 else 'wait'} for a person",
        why=f"study {heap.study_instance_uid}: {one_line(heap.reason)}",
        remedy="send what is missing, or `senoscope studies complete UID` has it worked on",
        since=heap.since,
        over="no study waits for a person any more",
        newest=heap.newest,
        page=f"studies/{heap.study_instance_uid}",
    )


def _incomplete(heap: Heap) -> Trouble:
    studies = counted(heap.count, "study", "studies")
    were = "was" if heap.count == 1 else "were"
    return Trouble(
        key="incomplete",
        severity=Severity.WARNING,
        what=f"{studies} {were} worked on without all views in the last day",
        why=f"the last, study {heap.study_instance_uid}: {one_line(heap.reason)}",
        remedy="send the views that are missing: the study is looked at again then",
        since=heap.since,
        over="",
        newest=heap.newest,
        page=f"studies/{heap.study_instance_uid}",
    )


def _refused(heap: Heap, limits: Limits) -> Trouble:
    sender = one_line(heap.name) or "a sender without AE title"
    times = counted(limits.refused_per_hour, "time")
    return Trouble(
        key=f"refused:{heap.name}",
        severity=Severity.WARNING,
        what=f"{sender} was refused more than {times} in an hour",
        why=f"the last time: {one_line(heap.reason)}",
        remedy="see what it sends and whether `calling` in routes.toml names it; "
        "`senoscope quarantine list` shows objects that were refused",
        since=heap.since,
        over=f"{sender} is hardly refused any more",
        page="refusals",
    )
