"""What the ledger promises, on SQLite and, where it is installed, on PostgreSQL."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from clock import Clock
from postgres import PostgreSQL
from working import job_of, plain_image, row_of

from service.errors import BadObjectError, RefusedError, UnavailableError, UnknownError
from service.ledger import intake, moves
from service.ledger.database import Database
from service.ledger.records import (
    Commitment,
    Decision,
    DeliveryState,
    JobState,
    Priority,
    Refusal,
    Result,
    WorkerPresence,
)
from service.ledger.sql import SqlLedger, open_ledger
from service.ledger.tables import metadata
from service.ledger.verifications import KEPT, Verified

IMAGE = plain_image("1.2.3")
STUDY = str(IMAGE.StudyInstanceUID)
JOB = job_of(IMAGE, "copy")
RESULT = Result("1.2.3.99", "1.2.840", f"{STUDY}.9", STUDY, "1.2.840.1", 1000, "cad-sr", ("pacs",))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").database()
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url, clock) -> Iterator[SqlLedger]:
    opened = open_ledger(url, clock, chance=lambda: 1.0)
    yield opened
    opened.close()


def decision_of(image, job_id="job", **changes):
    decision = Decision(
        sop_instance_uid=image.SOPInstanceUID,
        route="route",
        pipeline="copy",
        taken=True,
        reason="",
        job_id=job_id,
        decided_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    return replace(decision, **changes)


def running(ledger, owner="owner"):
    ledger.decide([], [JOB])
    return ledger.claim(owner)


def test_an_instance_is_new_once(ledger):
    row = row_of(IMAGE)

    assert ledger.record(row)
    assert not ledger.record(row)

    assert ledger.versions(row.sop_instance_uid) == [row]
    assert ledger.instances(STUDY) == [row]


def test_other_bytes_under_a_known_uid_are_another_version_or_refused(ledger):
    ledger.record(row_of(IMAGE))
    other = row_of(IMAGE, digest="1" * 64)

    with pytest.raises(BadObjectError):
        ledger.record(other)
    assert ledger.record(replace(other, version="1" * 16))
    assert [one.version for one in ledger.versions(other.sop_instance_uid)] == ["", "1" * 16]


def test_a_study_tells_what_came_of_it(ledger, clock):
    for number, view in enumerate(["RMLO", "", "LCC", "RMLO"]):
        clock.pass_(1)
        row = row_of(plain_image(f"1.2.{number}"), view=view, received_at=clock())
        ledger.record(row)

    (study,) = ledger.studies()

    assert (study.instances, study.undecided, study.views) == (4, 4, ("LCC", "RMLO"))
    assert study.last_received_at - study.first_received_at == timedelta(seconds=3)
    assert ledger.study(STUDY) == study
    assert ledger.undecided_studies() == [study]


def test_a_study_that_never_came_is_unknown(ledger):
    with pytest.raises(UnknownError, match=r"9\.9"):
        ledger.study("9.9")
    with pytest.raises(UnknownError):
        ledger.ask_complete("9.9")
    with pytest.raises(UnknownError):
        ledger.reopen("9.9")


def test_a_decision_is_written_down_once_with_its_job(ledger):
    ledger.record(row_of(IMAGE))
    first = decision_of(IMAGE)

    ledger.decide([first], [JOB])
    ledger.decide([replace(first, reason="another")], [replace(JOB, priority=Priority.URGENT)])

    assert ledger.decisions(STUDY) == [first]
    assert ledger.jobs() == [JOB]
    assert not ledger.undecided_studies()
    assert not ledger.undecided_instances(STUDY)
    assert ledger.study_counts() == {"receiving": 0, "judged": 1}


def test_an_operator_s_word_that_a_study_is_complete_holds_until_all_is_judged(ledger):
    late = plain_image("1.2.4")
    ledger.record(row_of(IMAGE))
    ledger.record(row_of(late))
    ledger.ask_complete(STUDY)

    ledger.decide([decision_of(IMAGE)], [])
    assert ledger.study(STUDY).complete_asked
    ledger.decide([decision_of(late)], [])
    assert not ledger.study(STUDY).complete_asked


def test_a_reopened_study_is_judged_anew_and_what_ended_runs_again(ledger):
    ledger.record(row_of(IMAGE))
    ledger.decide([decision_of(IMAGE)], [JOB])
    ledger.finish(ledger.claim("owner"), [RESULT], {})
    ledger.sent(ledger.owed("pacs")[0])

    ledger.reopen(STUDY)

    assert ledger.undecided_instances(STUDY) == [row_of(IMAGE)]
    assert not ledger.decisions(STUDY)
    ledger.finish(ledger.claim("owner"), [RESULT], {})
    assert not ledger.owed("pacs")


def test_refusals_are_remembered_newest_first(ledger, clock):
    refusals = [Refusal("MG", f"1.{n}", "", 0xC000, "why", clock()) for n in range(3)]
    for refusal in refusals:
        ledger.refuse(refusal)

    assert ledger.refusals(2) == refusals[:0:-1]


def test_the_most_urgent_job_is_claimed_first_then_the_oldest(ledger, clock):
    later = clock() + timedelta(seconds=1)
    jobs = [
        replace(JOB, job_id="late", created_at=later, run_at=later),
        replace(JOB, job_id="urgent", priority=Priority.URGENT, created_at=later, run_at=later),
        replace(JOB, job_id="early"),
        replace(JOB, job_id="not yet", run_at=later + timedelta(hours=1)),
    ]
    ledger.decide([], jobs)
    clock.pass_(2)

    claimed = [job.job_id for job in iter(lambda: ledger.claim("owner"), None)]

    assert claimed == ["urgent", "early", "late"]


def test_a_job_can_be_claimed_by_its_id(ledger):
    ledger.decide([], [JOB, replace(JOB, job_id="other")])

    assert ledger.claim("owner", "other").job_id == "other"
    assert ledger.claim("owner", "other") is None


def test_done_results_and_deliveries_come_together(ledger, clock):
    job = running(ledger)
    clock.pass_(2)

    assert ledger.finish(job, [RESULT], {"read": 0.5})

    done = ledger.job(JOB.job_id)
    assert (done.state, done.stages, done.owner) == (JobState.DONE, {"read": 0.5}, "")
    assert done.finished_at - done.started_at == timedelta(seconds=2)
    assert ledger.results(JOB.job_id) == [RESULT]
    (owed,) = ledger.owed("pacs")
    assert (owed.job_id, owed.sop_instance_uid) == (JOB.job_id, RESULT.sop_instance_uid)


def test_an_owner_who_was_too_slow_changes_nothing(ledger, clock):
    slow = running(ledger, "slow")
    clock.pass_(moves.LEASE.total_seconds() + 1)
    assert ledger.reap() == [JOB.job_id]
    clock.pass_(1)
    quick = ledger.claim("quick")

    outcomes = [
        ledger.heartbeat(slow),
        ledger.finish(slow, [RESULT], {}),
        ledger.put_off(slow, ""),
        ledger.refuse_job(slow, ""),
    ]

    assert not any(outcomes)
    assert ledger.job(JOB.job_id) == quick
    assert not ledger.results(JOB.job_id)
    assert not ledger.owed("pacs")


def test_a_heartbeat_keeps_the_job(ledger, clock):
    job = running(ledger)
    for _ in range(5):
        clock.pass_(moves.LEASE.total_seconds() - 1)
        assert ledger.heartbeat(job)

    assert not ledger.reap()


def test_only_the_jobs_of_that_owner_crash_or_are_lost(ledger):
    job = running(ledger, "owner")

    assert not ledger.crashed("another", "signal 11")
    assert ledger.owners() == ["owner"]
    assert ledger.crashed("owner", "signal 11") == [job.job_id]
    assert ledger.owners() == []
    assert ledger.job(job.job_id).crashes == 1


def test_a_due_job_is_woken_once_in_a_while(ledger, clock):
    ledger.decide([], [JOB])

    assert ledger.due(every_s=5) == [(JOB.job_id, 10)]
    assert ledger.due(every_s=5) == []
    clock.pass_(5)
    assert ledger.due(every_s=5) == [(JOB.job_id, 10)]


def test_a_job_that_comes_back_after_a_pause_is_woken_when_the_pause_is_over(ledger, clock):
    ledger.decide([], [JOB])
    ledger.due(every_s=3600)
    ledger.lost(ledger.claim("owner").owner, "signal 9")

    assert ledger.due(every_s=3600) == []
    clock.pass_(1.5)
    assert ledger.due(every_s=3600) == [(JOB.job_id, 10)]


def test_a_cancelled_job_stays_so_whatever_its_owner_says(ledger):
    job = running(ledger)

    ledger.cancel(job.job_id)

    assert not ledger.finish(job, [RESULT], {})
    assert ledger.job(job.job_id).state is JobState.CANCELLED
    ledger.retry(job.job_id)
    assert ledger.claim("owner") is not None


def test_what_cannot_be_done_by_hand_says_why(ledger):
    running(ledger)

    with pytest.raises(RefusedError, match="is running: it cannot be retried"):
        ledger.retry(JOB.job_id)
    with pytest.raises(UnknownError):
        ledger.cancel("none")


def test_a_job_is_found_by_the_beginning_of_its_id(ledger):
    ledger.decide([], [replace(JOB, job_id=job_id) for job_id in ("ab1", "ab2", "c_d", "cxd")])

    assert ledger.job_id_of("ab2") == "ab2"
    assert ledger.job_id_of("c_") == "c_d"
    with pytest.raises(UnknownError, match="more than one"):
        ledger.job_id_of("ab")
    with pytest.raises(UnknownError, match="no job"):
        ledger.job_id_of("z")


def test_jobs_are_counted_by_pipeline_state_and_priority(ledger):
    ledger.decide([], [JOB, replace(JOB, job_id="other")])
    ledger.claim("owner")

    assert ledger.job_counts() == {("copy", "queued", 10): 1, ("copy", "running", 10): 1}


def test_a_delivery_waits_until_it_may_be_tried_again(ledger, clock):
    ledger.finish(running(ledger), [RESULT], {})
    (delivery,) = ledger.owed("pacs")

    ledger.postpone(delivery, timedelta(seconds=30), "refused the association")

    assert not ledger.owed("pacs")
    clock.pass_(30)
    (again,) = ledger.owed("pacs")
    assert (again.attempts, again.error) == (1, "refused the association")


def test_nothing_undoes_a_delivery_that_was_sent(ledger, clock):
    ledger.finish(running(ledger), [RESULT], {})
    (delivery,) = ledger.owed("pacs")
    ledger.sent(delivery)

    ledger.postpone(delivery, timedelta(), "")
    ledger.park(delivery, "")
    ledger.retry_deliveries()

    (row,) = ledger.deliveries(STUDY)
    assert (row.state, row.sent_at) == (DeliveryState.SENT, clock())
    assert ledger.delivery_counts() == {("pacs", "sent"): 1}


def test_parked_deliveries_are_owed_again_by_hand(ledger):
    ledger.finish(running(ledger), [RESULT], {})
    ledger.park(ledger.owed("pacs")[0], "will not have it")
    assert not ledger.owed("pacs")
    assert ledger.deliveries(state=DeliveryState.PARKED)

    assert ledger.retry_deliveries("elsewhere") == 0
    assert ledger.retry_deliveries("pacs") == 1

    assert ledger.owed("pacs")


def test_a_delivery_is_one_senders_until_he_is_gone_or_his_lease_ran_out(ledger, clock):
    ledger.finish(running(ledger), [RESULT], {})
    (held,) = ledger.take_owed("pacs", "one", 60, 10)

    assert not ledger.take_owed("pacs", "two", 60, 10)
    assert ledger.free_deliveries(lambda owner: owner == "one") == 1
    (taken,) = ledger.take_owed("pacs", "two", 60, 10)
    ledger.postpone(held, timedelta(), "too late")
    assert ledger.deliveries() == [taken]
    ledger.hold_deliveries([taken], 600)
    clock.pass_(61)
    assert not ledger.take_owed("pacs", "three", 60, 10)
    ledger.give_back_deliveries([taken])
    assert len(ledger.take_owed("pacs", "three", 60, 10)) == 1


def test_what_a_destination_does_not_commit_to_is_owed_again(ledger, clock):
    ledger.finish(running(ledger), [RESULT], {})
    ledger.sent(ledger.owed("pacs")[0], "taken with a warning")
    (asked,) = ledger.uncommitted("pacs")
    uid = asked.sop_instance_uid
    now = clock()
    request = Commitment(
        "1.2.7",
        "pacs",
        is_ours=True,
        sop_class_uids=("1.2",),
        sop_instance_uids=(uid,),
        created_at=now,
        run_at=now,
    )

    assert ledger.open_commitment(request)
    assert not ledger.open_commitment(request)
    assert not ledger.uncommitted("pacs")
    assert ledger.due_commitments("pacs", is_ours=True) == [request]
    assert ledger.report_commitment("1.2.7", [], {uid: 0x0112})

    assert ledger.due_commitments("pacs", is_ours=True) == []
    assert [one.error for one in ledger.owed("pacs")] == ["not committed (reason 0112H)"]


def test_workers_are_there_as_long_as_they_say_so(ledger, clock):
    worker = WorkerPresence("owner", "cpu", ("fsrcnn-x2 fp32",), clock(), clock())
    ledger.present(worker)
    clock.pass_(10)
    ledger.present(replace(worker, seen_at=clock()))

    assert ledger.workers(within_s=5) == [replace(worker, seen_at=clock())]
    clock.pass_(10)
    assert ledger.workers(within_s=5) == []
    ledger.absent("owner")
    assert ledger.workers(within_s=100) == []


def test_a_job_is_claimed_once_however_many_ask_at_once(ledger):
    ledger.decide([], [replace(JOB, job_id=str(number)) for number in range(40)])
    claimed = []

    def work():
        claimed.extend(iter(lambda: ledger.claim("owner"), None))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(int(job.job_id) for job in claimed) == [*range(40)]


def test_the_ledger_goes_on_in_a_forked_child(ledger):
    ledger.record(row_of(IMAGE))

    if (child := os.fork()) == 0:
        os._exit(0 if ledger.record(row_of(plain_image("1.2.4"))) else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert len(ledger.instances(STUDY)) == 2


def open_and_record(url, number, start):
    start.wait()
    with closing(open_ledger(url, Clock())) as opened:
        opened.record(row_of(plain_image(f"1.2.{number}")))


def test_processes_that_start_at_once_bring_the_tables_up_to_date_once(url):
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(4)
    starting = [fork.Process(target=open_and_record, args=(url, n, start)) for n in range(4)]
    for process in starting:
        process.start()
    for process in starting:
        process.join()

    assert [process.exitcode for process in starting] == [0] * 4
    with closing(open_ledger(url, Clock())) as opened:
        assert len(opened.instances(STUDY)) == 4


def record_without_end(url, told):
    opened = open_ledger(url, Clock())
    for number in range(1_000_000):
        opened.record(row_of(plain_image(f"1.2.{number}")))
        told.send(number)


def test_what_was_recorded_survives_a_kill_at_any_moment(url):
    fork = multiprocessing.get_context("fork")
    hear, tell = fork.Pipe(duplex=False)
    writer = fork.Process(target=record_without_end, args=(url, tell))
    writer.start()
    told = [hear.recv() for _ in range(25)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    while hear.poll():
        told.append(hear.recv())

    with closing(open_ledger(url, Clock())) as opened:
        kept = {row.sop_instance_uid for row in opened.instances(STUDY)}

    assert {f"1.2.{number}" for number in told} <= kept
    assert len(kept) <= len(told) + 1


def test_the_migrations_lead_to_the_tables_of_the_code(ledger):
    with ledger.database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_a_ledger_that_is_down_is_unavailable():
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(UnavailableError, match="ledger"):
        SqlLedger(database, Clock()).ping()


def test_a_ledger_that_is_locked_for_too_long_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr("service.ledger.database._PRAGMAS", ("busy_timeout=50", "journal_mode=WAL"))
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", Clock())
    other = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(UnavailableError, match="locked"):
        ledger.record(row_of(IMAGE))

    other.close()
    assert ledger.record(row_of(IMAGE))


def test_no_value_is_named_when_the_ledger_fails(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", Clock())
    with ledger.database.writing() as connection:
        connection.execute(sa.text("DROP TABLE refusals"))

    with pytest.raises(UnavailableError) as caught:
        ledger.refuse(Refusal("SECRET", "1.2", "", 0, "SECRET", Clock()()))

    assert "SECRET" not in str(caught.value)


FAILURE = replace(RESULT, sop_instance_uid="1.2.3.98", is_failure=True)


def failed(ledger, job=JOB):
    ledger.decide([], [job])
    assert ledger.refuse_job(ledger.claim("worker", job.job_id), "not analysed", [FAILURE])


def test_a_job_that_failed_owes_the_report_that_says_so(ledger):
    failed(ledger)

    assert [one.sop_instance_uid for one in ledger.owed("pacs")] == ["1.2.3.98"]
    assert ledger.job(JOB.job_id).state is JobState.DEAD


def test_the_report_of_a_failure_is_remembered_when_another_takes_its_place(ledger):
    failed(ledger)
    ledger.retry(JOB.job_id)
    again = ledger.claim("worker", JOB.job_id)
    assert [one.sop_instance_uid for one in ledger.failures_before(again)] == ["1.2.3.98"]

    ledger.finish(again, [RESULT], {}, "one image of two")

    made = {one.sop_instance_uid: one.is_failure for one in ledger.results(JOB.job_id)}
    assert made == {"1.2.3.98": True, "1.2.3.99": False}
    assert ledger.job(JOB.job_id).error == "one image of two"
    assert [one.sop_instance_uid for one in ledger.failures_before(again)] == ["1.2.3.98"]


def test_failures_of_another_study_pipeline_or_later_job_do_not_count(ledger):
    failed(ledger)

    for other in (
        replace(JOB, study_instance_uid="1.9"),
        replace(JOB, pipeline="other"),
        replace(JOB, route="other"),
        replace(JOB, created_at=JOB.created_at - timedelta(seconds=1)),
    ):
        assert ledger.failures_before(other) == []


def test_a_failure_that_is_told_twice_is_one(ledger):
    failed(ledger)
    ledger.retry(JOB.job_id)

    ledger.refuse_job(ledger.claim("worker", JOB.job_id), "not analysed", [FAILURE])

    assert len(ledger.results(JOB.job_id)) == 1
    assert len(ledger.owed("pacs")) == 1


def test_a_result_is_owed_to_its_own_destinations(ledger):
    ledger.decide([], [replace(JOB, send_to=("pacs", "viewer"))])
    job = ledger.claim("worker", JOB.job_id)

    ledger.finish(job, [RESULT, replace(RESULT, sop_instance_uid="1.2.3.97", send_to=())], {})

    assert [one.sop_instance_uid for one in ledger.owed("pacs")] == ["1.2.3.99"]
    assert ledger.owed("viewer") == []


def test_of_verifications_those_of_hosts_long_gone_go(ledger, clock):
    def tried(number):
        told = (None, None, None, 1.5, clock() + timedelta(hours=number), "0.9")
        return Verified("unet", "1", "openvino", "cpu", f"pod-{number:04}", "", "passed", "", *told)

    ledger.keep_verifications([tried(number) for number in range(KEPT + 2)])

    assert [one.host for one in ledger.verifications()][:2] == ["pod-0002", "pod-0003"]
    assert len(ledger.verifications()) == KEPT


def test_of_refusals_the_newest_are_kept_and_no_more(ledger, clock, monkeypatch):
    monkeypatch.setattr(intake, "KEPT_REFUSALS", 3)

    for number in range(5):
        ledger.refuse(Refusal("MG", f"1.{number}", "", 0, "why", clock()))

    assert [refusal.sop_instance_uid for refusal in ledger.refusals()] == ["1.4", "1.3", "1.2"]
