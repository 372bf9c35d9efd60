"""What the ledger keeps for the router, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from clock import Clock
from working import job_of, plain_image, remove_received, row_of

from service.errors import UnknownError
from service.ledger.completions import Judged
from service.ledger.records import Completion, Decision, DeliveryState, Notice, Original, Priority
from service.ledger.sql import SqlLedger, open_ledger

IMAGE = plain_image("1.2.3")
STUDY = str(IMAGE.StudyInstanceUID)
JOB = job_of(IMAGE, "copy")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_url, clock) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url, clock, chance=lambda: 1.0)
    yield opened
    opened.close()


def completion(clock, **said) -> Completion:
    known = Completion(STUDY, clock(), "all are here", ("LMLO",), 1, 1, 0, 3)
    return replace(known, **said)


def test_the_completions_of_a_study_are_numbered_in_their_order(ledger, clock):
    ledger.record(row_of(IMAGE))
    for number in range(3):
        ledger.decide([], [], judged=Judged(completion(clock, rerun=number)))

    found = ledger.completions(STUDY)

    assert found == [completion(clock, number=number, rerun=number) for number in range(3)]
    assert ledger.completions("9.9") == []


def test_a_study_is_held_for_a_reason_that_is_told_once(ledger):
    ledger.record(row_of(IMAGE))
    for reason in ("LMLO did not come", "LMLO did not come", "RMLO did not come"):
        ledger.hold(STUDY, reason)

    assert ledger.study(STUDY).held == "RMLO did not come"
    assert [one.told for one in ledger.notices()] == ["LMLO did not come", "RMLO did not come"]

    ledger.hold(STUDY, "")
    assert ledger.study(STUDY).held == ""
    assert len(ledger.notices()) == 2


def test_a_study_that_is_judged_is_held_no_more_and_its_notices_are_kept(ledger, clock):
    ledger.record(row_of(IMAGE))
    ledger.hold(STUDY, "LMLO did not come")
    notice = Notice("incomplete", STUDY, "without LMLO", clock())

    ledger.decide([], [], judged=Judged(completion(clock), notices=(notice,)))

    assert ledger.study(STUDY).held == ""
    assert [one.kind for one in ledger.notices()] == ["held", "incomplete"]
    assert [one.kind for one in ledger.notices(after=ledger.notices()[0].number)] == ["incomplete"]


def test_queued_jobs_of_a_route_are_deferred_and_released(ledger, clock):
    later = clock() + timedelta(hours=5)
    other = replace(JOB, job_id="other", route="other")
    ledger.decide([], [JOB, other])

    assert ledger.defer("route", later, "closed: until five") == 1
    assert (ledger.job(JOB.job_id).run_at, ledger.job("other").run_at) == (later, other.run_at)
    assert ledger.defer("route", later, "closed: until five") == 0
    assert ledger.release("closed", ["route"]) == 0
    assert ledger.release("closed", []) == 1
    assert (ledger.job(JOB.job_id).run_at, ledger.job(JOB.job_id).waits) == (clock(), "")


def test_a_job_that_runs_is_not_deferred(ledger, clock):
    ledger.decide([], [JOB])
    ledger.claim("owner")

    assert ledger.defer("route", clock() + timedelta(hours=5), "closed") == 0


def test_studies_that_began_on_a_route_are_counted_once_each(ledger, clock):
    first, second = clock(), clock() + timedelta(minutes=9)
    jobs = [
        replace(JOB, job_id=f"{study}{number}", study_instance_uid=study, run_at=run_at)
        for study, run_at in (("1.1", second), ("1.2", first))
        for number in range(2)
    ]
    ledger.decide([], jobs)

    assert ledger.begun("route", first, "9.9") == [first, second]
    assert ledger.begun("route", second, "9.9") == [second]
    assert ledger.begun("route", first, "1.1") == [first]
    assert ledger.begun("other", first, "9.9") == []


def test_a_text_of_the_routes_is_a_version_when_it_comes_into_force(ledger, clock):
    numbers = [ledger.keep_routes(text, 50) for text in ("one", "one", "two", "one")]

    assert [numbers[0] == numbers[1], len(set(numbers))] == [True, 3]
    assert [one.text for one in ledger.routes_versions()] == ["one", "two", "one"]
    assert ledger.routes_version(numbers[2]).text == "two"
    assert ledger.routes_version(numbers[2]).in_force_at == clock()


def test_of_the_routes_only_the_last_versions_are_kept(ledger):
    numbers = [ledger.keep_routes(f"text {number}", 3) for number in range(5)]

    assert [one.number for one in ledger.routes_versions()] == numbers[:1:-1]
    with pytest.raises(UnknownError, match=f"no version {numbers[0]}"):
        ledger.routes_version(numbers[0])


def taken(image) -> Decision:
    return Decision(
        image.SOPInstanceUID, "route", "", taken=True, reason="", job_id="", decided_at=None
    )


def test_an_original_is_owed_once_and_a_newer_version_of_it_again(ledger, clock):
    row = row_of(IMAGE)
    ledger.record(row)
    original = Original(row, ("pacs", "viewer"), Priority.URGENT, clock())
    judged = Judged(completion(clock), (original,))
    ledger.decide([], [], judged=judged)
    for owed in ledger.deliveries():
        ledger.sent(owed)

    ledger.decide([], [], judged=judged)
    assert {one.state for one in ledger.deliveries()} == {DeliveryState.SENT}
    assert {one.destination for one in ledger.deliveries()} == {"pacs", "viewer"}

    newer = replace(original, instance=replace(row, version="1" * 16), send_to=("pacs",))
    ledger.decide([], [], judged=Judged(completion(clock), (newer,)))
    (again,) = ledger.owed("pacs")
    assert (again.version, again.is_original, again.sent_at) == ("1" * 16, True, None)
    assert ledger.owed("viewer") == []


def test_an_original_whose_bytes_were_removed_is_not_sent_again(ledger, clock):
    row = row_of(IMAGE, received_at=clock())
    ledger.record(row)
    original = Original(row, ("pacs",), Priority.ROUTINE, clock())
    ledger.decide(
        [replace(taken(IMAGE), decided_at=clock())],
        [],
        judged=Judged(completion(clock), (original,)),
    )
    ledger.sent(ledger.deliveries()[0])
    clock.pass_(100)
    assert ledger.resend(STUDY, "pacs") == 1
    ledger.sent(ledger.deliveries()[0])
    remove_received(ledger, clock())

    with pytest.raises(UnknownError):
        ledger.resend(STUDY, "pacs")
