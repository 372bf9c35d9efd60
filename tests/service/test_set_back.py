"""A clock that is set back: nothing waits until that time comes again."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from clock import Clock
from working import job_of, plain_image, row_of

from service.errors import UnavailableError
from service.ledger.receive import receive
from service.ledger.records import Commitment, Decision, JobState, Result
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger, open_ledger
from service.listener.reports import FIRST_PAUSE_S, Reports
from service.queue.inline import InlineQueue
from service.worker.clock_trust import ClockTrust
from service.worker.storekeeper import Kept, Storekeeper
from service.worker.sweeper import Sweeper

HOUR = timedelta(hours=1)
DAY_S = 24 * 3600


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


def owe(ledger, clock):
    """Owe a PACS a result."""
    sop_class = plain_image("1.2.3").SOPClassUID
    made = Result("1.2.3.9", sop_class, "1.2.9", "1.2", "1.2.840", 9, "sr", ("pacs",))
    ledger.decide([], [job(clock, 0)])
    ledger.finish(ledger.claim("somebody elsewhere"), [made], {})


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


def test_a_delivery_that_was_held_by_a_clock_ahead_is_free_soon(ledger, clock):
    owe(ledger, clock)
    ledger.take_owed("pacs", "somebody elsewhere", 300, 10)
    clock.time -= HOUR

    ledger.set_back(HOUR)

    clock.pass_(599)
    assert ledger.take_owed("pacs", "me", 300, 10) == []
    clock.pass_(2)
    assert len(ledger.take_owed("pacs", "me", 300, 10)) == 1


def test_the_sweeper_notices_that_the_clock_was_set_back(ledger, clock):
    woken = []
    sweeper = Sweeper(ledger, InlineQueue(woken.append), clock)
    sweeper.sweep()
    ledger.decide([], [job(clock, 0)])
    clock.time -= HOUR

    sweeper.sweep()

    assert woken == ["copy-1.2.3"]


def test_what_is_written_by_the_clock_of_before_after_the_sweeper_looked_does_not_wait(
    ledger, clock
):
    woken = []
    sweeper = Sweeper(ledger, InlineQueue(woken.append), clock)
    sweeper.sweep()
    clock.time -= HOUR
    sweeper.sweep()
    of_before = clock() + HOUR
    ledger.decide([], [replace(job(clock, 0), created_at=of_before, run_at=of_before)])

    sweeper.sweep()

    assert woken == ["copy-1.2.3"]


def test_what_was_moved_once_is_not_moved_again(ledger, clock):
    ledger.decide([], [job(clock, 2 * HOUR.total_seconds())])
    clock.time -= HOUR
    ledger.set_back(HOUR)

    assert ledger.set_back(HOUR, late=True) == 0
    assert ledger.due() == []


def test_a_clock_that_was_set_back_while_nobody_looked_is_noticed_at_the_start(ledger, clock):
    woken = []
    ledger.record(row_of(plain_image("1.2.3"), received_at=clock()))
    ledger.decide([], [job(clock, 10)])
    clock.time -= HOUR
    sweeper = Sweeper(ledger, InlineQueue(woken.append), clock)

    sweeper.sweep()
    clock.pass_(11)
    sweeper.sweep()

    assert woken == ["copy-1.2.3"]


class BetweenReadingAndWriting(Clock):
    """A clock that is set back just when somebody has his turn to write to that ledger."""

    def __init__(self, file):
        super().__init__()
        self._file = file

    def __call__(self):
        return self.time - HOUR if self._is_written_to() else self.time

    def _is_written_to(self):
        with closing(sqlite3.connect(self._file, timeout=0, isolation_level=None)) as connection:
            try:
                connection.executescript("BEGIN IMMEDIATE; ROLLBACK")
            except sqlite3.OperationalError:
                return True
            return False


@pytest.fixture
def stepping(ledger):
    """The same ledger, by a clock that is set back in between."""
    file = ledger.database.file
    opened = open_ledger(f"sqlite:///{file}", BetweenReadingAndWriting(file))
    yield opened
    opened.close()


def claimed(ledger):
    return ledger.claim("somebody elsewhere", within=-HOUR)


MOVES = {
    "put off": lambda ledger: ledger.put_off(claimed(ledger), "no engine"),
    "crashed": lambda ledger: ledger.crashed(claimed(ledger).owner, "no"),
    "lost": lambda ledger: ledger.lost(claimed(ledger).owner, "no"),
    "late": lambda ledger: claimed(ledger) and ledger.reap(),
    "retried": lambda ledger: (
        ledger.refuse_job(claimed(ledger), "no") and ledger.retry("copy-1.2.3")
    ),
    "reopened": lambda ledger: ledger.refuse_job(claimed(ledger), "no") and ledger.reopen("1.2"),
    "released": lambda ledger: ledger.release("", ()),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_job_waits_from_the_time_of_its_turn_to_be_written(ledger, stepping, clock, move):
    ledger.record(row_of(plain_image("1.2.3")))
    ledger.decide([], [job(clock, -10)])

    move(stepping)

    (moved,) = ledger.jobs()
    assert moved.state is JobState.QUEUED
    assert moved.run_at <= clock() - HOUR + timedelta(seconds=10)


def test_a_delivery_waits_from_the_time_of_its_turn_to_be_written(ledger, stepping, clock):
    owe(ledger, clock)
    (delivery,) = ledger.owed("pacs")

    stepping.postpone(delivery, timedelta(seconds=30), "down")

    (moved,) = ledger.deliveries()
    assert moved.run_at == clock() - HOUR + timedelta(seconds=30)


def commitment(clock):
    """A request of a sender that is to hear of it."""
    return Commitment("1.2.9", "MAMMO1", False, ("1.2.840",), ("1.2.3",), clock(), clock())  # noqa: FBT003


TRIES = {
    "put off": (lambda ledger, one: ledger.put_off_commitment(one, HOUR), HOUR),
    "retried": (lambda ledger, _: ledger.retry_commitments(), timedelta()),
}


@pytest.mark.parametrize(("move", "wait"), TRIES.values(), ids=TRIES)
def test_a_commitment_waits_from_the_time_of_its_turn_to_be_written(
    ledger, stepping, clock, move, wait
):
    asked = commitment(clock)
    ledger.open_commitment(asked)

    move(stepping, asked)

    (moved,) = ledger.commitments()
    assert moved.run_at == clock() - HOUR + wait


@dataclass
class LongBearer:
    """Brings nothing, and so slowly that the clock is set back meanwhile, and the sweeper looks."""

    ledger: SqlLedger
    clock: Clock

    def bring(self, event_type, information):
        del event_type, information
        self.clock.time -= HOUR
        self.ledger.set_back(HOUR)
        raise UnavailableError("it does not answer")


def test_a_report_that_was_not_taken_waits_from_the_time_of_then(tmp_path, ledger, clock):
    ledger.open_commitment(commitment(clock))
    bearer = LongBearer(ledger, clock)

    Reports(ledger, Spool(tmp_path / "received"), lambda _: bearer, clock).bring_due()

    (waiting,) = ledger.commitments()
    assert waiting.error == "it does not answer"
    assert waiting.run_at == clock() + timedelta(seconds=FIRST_PAUSE_S)


class MonotonicClock:
    """A clock of the machine, and one that only goes on: they part where somebody sets the one."""

    def __init__(self, wall):
        self.wall, self.ran = wall, 0.0

    def pass_(self, seconds):
        self.wall.pass_(seconds)
        self.ran += seconds

    def __call__(self):
        return self.ran


def trust_of(clock, newest=None):
    ran = MonotonicClock(clock)
    return ClockTrust(clock, lambda: newest or clock(), ran), ran


def test_a_clock_that_goes_on_as_time_does_is_believed(clock):
    trust, ran = trust_of(clock)

    for _ in range(3):
        assert trust.holds()
        ran.pass_(600)


def test_a_clock_that_jumped_forward_is_not_believed_for_a_day(clock):
    trust, ran = trust_of(clock)
    trust.holds()

    clock.pass_(365 * DAY_S)

    assert not trust.holds()
    ran.pass_(DAY_S - 1)
    assert not trust.holds()
    ran.pass_(1)
    assert trust.holds()


def test_a_clock_that_is_put_right_is_believed_again(clock):
    trust, _ = trust_of(clock)
    trust.holds()
    clock.pass_(365 * DAY_S)
    trust.holds()

    clock.pass_(-365 * DAY_S)

    assert trust.holds()


def test_a_clock_long_after_all_that_the_ledger_knows_is_not_believed_for_a_day(clock):
    trust, ran = trust_of(clock, newest=clock() - timedelta(days=8))

    assert not trust.holds()
    ran.pass_(DAY_S)
    assert trust.holds()


@pytest.fixture
def keeper(tmp_path, ledger, clock):
    """A storekeeper of one image that goes after 30 days."""
    received, results = Spool(tmp_path / "received"), Spool(tmp_path / "results")
    temporary = received.temporary()
    temporary.write_bytes(b"pixels")
    row = row_of(plain_image("1.2.3"), received_at=clock())
    receive(received, ledger, row, temporary)
    ledger.decide([Decision("1.2.3", "r", "copy", False, "no", "", clock())], [])  # noqa: FBT003
    month = timedelta(days=30)
    return Storekeeper(ledger, received, results, Kept(month, month), lambda: (), clock)


def test_a_clock_that_jumps_a_year_ahead_makes_nothing_go(keeper, clock):
    trust, _ = trust_of(clock)
    assert keeper.clean_by_age(threading.Event(), trust) == 0

    clock.pass_(365 * DAY_S)
    assert keeper.clean_by_age(threading.Event(), trust) == 0

    assert keeper.received.exists("1.2.3")


def test_a_node_that_gets_nothing_and_starts_every_day_believes_its_clock(keeper, clock):
    for _ in range(31):
        assert keeper.clean_by_age(threading.Event(), keeper.trust()) == 0
        clock.pass_(DAY_S)

    assert keeper.clean_by_age(threading.Event(), keeper.trust()) == 1


def test_a_clock_that_is_not_believed_is_not_by_who_starts_anew_either(keeper, clock):
    keeper.clean_by_age(threading.Event(), keeper.trust())
    clock.pass_(365 * DAY_S)

    for _ in range(2):
        assert keeper.clean_by_age(threading.Event(), keeper.trust()) == 0

    assert keeper.received.exists("1.2.3")
