"""A clock that is set back: nothing waits until that time comes again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from clock import Clock
from working import job_of, plain_image

from service.ledger.sql import open_ledger
from service.queue.inline import InlineQueue
from service.worker.sweeper import Sweeper

HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock)
    yield opened
    opened.close()


def job(clock, seconds):
    made = job_of(plain_image("1.2.3"), "copy")
    return replace(made, run_at=clock() + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [0, 10])
def test_what_was_to_wait_waits_as_long_as_it_was_to(ledger, clock, seconds):
    ledger.decide([], [job(clock, seconds)])
    clock.time -= HOUR

    ledger.set_back(HOUR)

    clock.pass_(seconds - 0.001)
    assert seconds == 0 or not ledger.due()
    clock.pass_(0.001)
    assert len(ledger.due()) == 1


def test_a_lease_of_before_lasts_no_longer_than_one_of_now(ledger, clock):
    ledger.decide([], [job(clock, 0)])
    ledger.claim("somebody elsewhere")
    clock.time -= HOUR

    ledger.set_back(HOUR)
    clock.pass_(31)

    assert len(ledger.reap()) == 1


def test_the_sweeper_notices_that_the_clock_was_set_back(ledger, clock):
    woken = []
    sweeper = Sweeper(ledger, InlineQueue(woken.append), clock)
    sweeper.sweep()
    ledger.decide([], [job(clock, 0)])
    clock.time -= HOUR

    sweeper.sweep()

    assert woken == ["copy-1.2.3"]
