"""When the next canary is due, whoever sent the last."""

import threading
from datetime import timedelta

import pytest
from clock import Clock

from service.canary.standing import Schedule, Standing
from service.ledger.canary import CanaryRun

EVERY = timedelta(minutes=5)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def standing(line, clock):
    """What a console knows after another one's canary came through."""
    run = CanaryRun("2.25.1", "schedule", "127.0.0.1", 1, clock(), clock(), clock())
    line.parts.ledger.begin_canary(run)
    line.parts.ledger.end_canary(run)
    return Standing(line.parts.ledger, EVERY, timedelta(0), clock)


def test_a_console_sends_none_where_another_one_just_did(standing):
    stop, sent = threading.Event(), []
    schedule = Schedule(lambda asked_by, _: sent.append(asked_by), standing, 0.01)

    thread = threading.Thread(target=schedule.run, args=(stop,))
    thread.start()
    thread.join(0.5)
    stop.set()
    thread.join()

    assert sent == []


def test_the_next_is_due_a_period_after_the_last_ended(standing, clock):
    clock.pass_(100)
    assert standing.due_in_s() == 200

    clock.pass_(200)
    assert standing.due_in_s() == 0


def test_a_canary_of_before_the_clock_was_set_back_keeps_none_waiting(standing, clock):
    clock.pass_(-86400)

    assert standing.due_in_s() == 0
