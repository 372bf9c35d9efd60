from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from working import job_of, plain_image

from service.errors import RefusedError
from service.ledger import moves
from service.ledger.records import Delivery, DeliveryState, JobState
from service.ledger.states import (
    DELIVERY_TRANSITIONS,
    JOB_TRANSITIONS,
    DeliveryEvent,
    JobEvent,
    advance,
    advance_delivery,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
QUEUED = job_of(plain_image("1.2.3"), "copy")
RUNNING = moves.claim(QUEUED, "owner", NOW, timedelta(minutes=15))
OWED = Delivery("job", "1.2.3", "1.2.840", "pacs", NOW)


def again(job):
    return moves.claim(job, "owner", NOW, timedelta(minutes=15))


@pytest.mark.parametrize("event", JobEvent)
def test_a_queued_job_can_only_be_claimed_or_cancelled(event):
    if event in {JobEvent.CLAIMED, JobEvent.CANCELLED}:
        assert advance(QUEUED, event).state is not JobState.QUEUED
    else:
        with pytest.raises(RefusedError, match=f"is queued: it cannot be {event}"):
            advance(QUEUED, event)


def test_every_state_of_a_job_can_be_reached_and_none_but_by_the_table():
    assert {*JOB_TRANSITIONS.values()} == {*JobState}
    assert {state for state, _ in JOB_TRANSITIONS} == {*JobState}


def test_what_was_sent_stays_sent_unless_it_is_not_kept_there_or_a_person_wants_it_again():
    sent = advance_delivery(OWED, DeliveryEvent.ACKNOWLEDGED)

    assert sent.state is DeliveryState.SENT
    moves = {DeliveryEvent.UNCOMMITTED, DeliveryEvent.RESENT}
    for event in moves:
        assert advance_delivery(sent, event).state is DeliveryState.OWED
    for event in set(DeliveryEvent) - moves - {DeliveryEvent.PARKED}:
        with pytest.raises(RefusedError, match="is sent"):
            advance_delivery(sent, event)
    left = {event for state, event in DELIVERY_TRANSITIONS if state is DeliveryState.SENT}
    assert left == {*moves, DeliveryEvent.PARKED}


def test_each_claim_has_a_token_of_its_own():
    assert again(moves.lose(RUNNING, "killed", NOW)).token == RUNNING.token + 1


def test_a_job_that_killed_its_process_three_times_is_parked():
    once = moves.crash(RUNNING, "signal 11", NOW)
    twice = moves.crash(again(once), "signal 11", NOW)
    thrice = moves.crash(again(twice), "signal 11", NOW)

    assert [job.state for job in (once, twice, thrice)] == ["queued", "queued", "parked"]
    assert thrice.error == "signal 11"


def test_a_job_whose_process_is_killed_from_outside_twenty_times_is_still_tried_again():
    job = RUNNING
    for _ in range(20):
        job = again(moves.lose(job, "signal 9", NOW))

    assert job.state is JobState.RUNNING
    assert job.crashes == 0


def test_a_job_that_is_lost_without_end_is_parked_at_last():
    job = RUNNING
    while (job := moves.lose(job, "signal 9", NOW)).state is JobState.QUEUED:
        job = again(job)

    assert job.state is JobState.PARKED
    assert job.losts == moves.MOST_LOSTS


def test_what_is_unavailable_is_waited_for_most_of_a_day():
    job, waited = RUNNING, timedelta()
    while (job := moves.put_off(job, "no room", NOW)).state is JobState.QUEUED:
        waited += job.run_at - NOW
        job = again(job)

    assert job.state is JobState.DEAD
    assert timedelta(hours=16) < waited < timedelta(hours=26)


def test_the_first_try_after_a_mishap_comes_within_a_second():
    for move in (moves.put_off, moves.crash, moves.lose):
        assert move(RUNNING, "", NOW).run_at - NOW <= timedelta(seconds=1)


@given(st.text(), st.integers(1, 1000), st.floats(1, 1000))
def test_a_pause_is_between_half_and_all_of_what_it_may_be(job_id, times, longest_s):
    whole = min(2.0 ** min(times - 1, 30), longest_s)

    wait = moves.pause(job_id, times, longest_s).total_seconds()

    assert 0.49 * whole <= wait <= whole + 1e-6


def test_a_job_retried_by_hand_begins_afresh():
    parked = moves.crash(
        again(moves.crash(again(moves.crash(RUNNING, "", NOW)), "", NOW)), "signal 11", NOW
    )

    retried = moves.retry(parked, NOW)

    assert (retried.state, retried.crashes, retried.error) == (JobState.QUEUED, 0, "")


def test_reopening_leaves_alone_what_has_not_ended():
    done = moves.finish(RUNNING, {"read": 0.1}, NOW)

    assert moves.reopen(RUNNING, NOW) is RUNNING
    assert moves.reopen(QUEUED, NOW) is QUEUED
    assert moves.reopen(done, NOW).state is JobState.QUEUED
