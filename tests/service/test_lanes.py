"""Which job is next, what ends a job that does not end, and two of everything at once."""

import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from clock import Clock
from phantoms import mammogram
from routing import SMALL, World, routes
from working import job_of, plain_image

from service.ledger.jobs import OLDEST_FIRST
from service.ledger.moves import LEASE, MOST_CRASHES
from service.ledger.records import JobState, Priority
from service.ledger.sql import open_ledger
from service.queue.inline import InlineQueue
from service.worker.sweeper import Sweeper

JOB = job_of(plain_image("1.2.3"), "copy")
MANY = 10_000
STUDIES = 8


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger_url, clock):
    with closing(open_ledger(ledger_url, clock, chance=lambda: 1.0)) as opened:
        yield opened


def at_once(*deeds):
    """Do all of them at the same time."""
    start = threading.Barrier(len(deeds))
    failed = []

    def run(deed):
        start.wait()
        try:
            deed()
        except Exception as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_one_claim_in_eight_takes_what_has_been_due_for_longest(ledger, clock):
    urgent = [
        replace(JOB, job_id=f"urgent {n}", priority=Priority.URGENT, run_at=clock())
        for n in range(2)
    ]
    old = replace(
        JOB, job_id="old", priority=Priority.BACKGROUND, run_at=clock() - timedelta(hours=1)
    )
    ledger.decide([], [*urgent, old])
    now_and_then = replace(ledger, chance=lambda: OLDEST_FIRST - 0.001)

    claimed = [ledger.claim("owner").job_id, now_and_then.claim("owner").job_id]

    assert claimed == ["urgent 0", "old"]


def test_ten_thousand_waiting_jobs_are_passed_over_by_an_index(ledger, clock):
    later = clock() + timedelta(hours=1)
    ledger.decide(
        [],
        [replace(JOB, job_id=f"{n}", priority=Priority.URGENT, run_at=later) for n in range(MANY)]
        + [replace(JOB, job_id=f"low {n}", priority=Priority.BACKGROUND) for n in range(MANY)],
    )
    with ledger.database.writing() as connection:
        connection.execute(sa.text("ANALYZE"))

    with explained(ledger) as plans:
        claimed = ledger.claim("owner")

    assert claimed.priority is Priority.BACKGROUND
    searched = [plan for plan in plans if "jobs" in plan]
    assert searched
    assert [
        plan for plan in searched if "sort" in plan.lower() or "temp b-tree" in plan.lower()
    ] == []
    assert [plan for plan in searched if "SCAN jobs" in plan or "Seq Scan" in plan] == []


@contextmanager
def explained(ledger):
    """Collect how the database goes about each search of a job that is due."""
    plans = []

    def explain(connection, cursor, statement, parameters, context, executemany):
        del cursor, context, executemany
        if statement.startswith("SELECT jobs.job_id") and "LIMIT" in statement:
            word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
            cursor = connection.connection.cursor()
            cursor.execute(f"{word} {statement}", parameters)
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    with ledger.database.reading() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", explain)
    yield plans
    sa.event.remove(engine, "before_cursor_execute", explain)


def test_a_job_past_its_deadline_is_taken_from_an_owner_whose_heart_beats(ledger, clock):
    ledger.decide([], [JOB])
    held = ledger.claim("owner", within=LEASE / 2)
    clock.pass_(LEASE.total_seconds() / 2 + 1)
    assert ledger.heartbeat(held)

    assert ledger.reap() == [JOB.job_id]

    job = ledger.job(JOB.job_id)
    assert (job.state, job.crashes, job.losts) == (JobState.QUEUED, 1, 0)
    assert (job.error, job.deadline) == ("it took longer than its deadline", None)
    assert not ledger.finish(held, [], {})


def test_a_job_that_never_ends_is_parked(ledger, clock):
    ledger.decide([], [JOB])

    for _ in range(MOST_CRASHES):
        clock.pass_(600)
        ledger.claim("owner", within=LEASE)
        clock.pass_(LEASE.total_seconds() + 1)
        ledger.reap()

    assert ledger.job(JOB.job_id).state is JobState.PARKED


@pytest.mark.parametrize("pipeline", ["sr", "studies"])
def test_two_routers_at_once_make_each_job_once(ledger_url, tmp_path, pipeline):
    worlds = [World(tmp_path, ledger_url) for _ in range(2)]
    for world in worlds:
        world.routes = routes(pipelines=[pipeline])
    sent = [
        worlds[0].receive(mammogram(view, seed=number, **SMALL))
        for number in range(STUDIES)
        for view in ("RCC", "LCC")
    ]

    at_once(*(lambda world=world: world.later(60) for world in worlds))

    jobs = worlds[0].ledger.jobs(limit=None)
    decided = [
        one for uid in {i.StudyInstanceUID for i in sent} for one in worlds[0].ledger.decisions(uid)
    ]
    assert len(jobs) == (STUDIES if pipeline == "studies" else 2 * STUDIES)
    assert len(decided) == len(sent)
    assert {one.job_id for one in decided} == {job.job_id for job in jobs}
    queued = [*worlds[0].queued, *worlds[1].queued]
    assert sorted(queued) == sorted(job.job_id for job in jobs)
    for world in worlds:
        world.ledger.close()


def test_what_a_slower_router_saw_before_is_not_written_down(ledger_url, tmp_path):
    world = World(tmp_path, ledger_url)
    image = world.receive(mammogram("RCC", **SMALL))
    seen = world.ledger.undecided_instances(image.StudyInstanceUID)
    world.later(60)

    assert not world.ledger.decide([], [replace(JOB, job_id="made of an old view")], seen)

    assert [job.job_id for job in world.ledger.jobs()] == world.queued
    world.ledger.close()


def test_two_sweepers_at_once_take_a_lost_job_back_once(ledger_url, clock):
    ledgers = [open_ledger(ledger_url, clock, chance=lambda: 1.0) for _ in range(2)]
    jobs = [replace(JOB, job_id=f"{n}") for n in range(20)]
    ledgers[0].decide([], jobs)
    for _ in jobs:
        ledgers[0].claim("another host:1:1")
    clock.pass_(LEASE.total_seconds() + 1)
    woken = []

    at_once(*(Sweeper(each, InlineQueue(woken.append), clock).sweep for each in ledgers))

    assert {(job.state, job.losts) for job in ledgers[0].jobs()} == {(JobState.QUEUED, 1)}
    assert len(woken) == len(set(woken))
    for each in ledgers:
        each.close()
