import subprocess
import threading

import pytest
from clock import Clock
from peers.programs import until
from working import job_of, plain_image

from service.errors import UnavailableError
from service.ledger.moves import LEASE
from service.ledger.records import JobState, WorkerPresence
from service.ledger.sql import open_ledger
from service.worker import owner
from service.worker.owner import is_gone, is_process, this_process
from service.worker.sweeper import EVERY_S, GRACE, Sweeper

JOB = job_of(plain_image("1.2.3"), "copy")


class Wakes:
    """A queue that remembers whom it woke; the first time the broker is away."""

    def __init__(self):
        self.woken = []

    def put(self, job_id):
        self.woken.append(job_id)

    def is_empty(self):
        return True

    def ping(self):
        pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock)
    opened.decide([], [JOB])
    yield opened
    opened.close()


@pytest.fixture
def sweeper(ledger, clock):
    return Sweeper(ledger, Wakes(), clock)


def owner_that_is_gone():
    with subprocess.Popen(["sleep", "60"]) as process:
        name = owner_of(process.pid)
        process.kill()
    return name


def owner_of(pid):
    place = this_process().rpartition(":")[0].rpartition(":")[0]
    return f"{place}:{pid}:{owner._started(pid)}"  # noqa: SLF001 - the only way to name another


def test_a_process_that_lives_is_not_gone_and_one_that_ended_is():
    assert not is_gone(this_process())
    assert is_gone(owner_that_is_gone())


def test_another_process_under_the_same_number_is_not_the_owner():
    before_reuse = f"{this_process().rpartition(':')[0]}:1"

    assert is_gone(before_reuse)


def test_a_process_that_is_dead_but_not_buried_is_gone():
    process = subprocess.Popen(["true"])
    name = owner_of(process.pid)

    until(lambda: is_gone(name) or owner._started(process.pid) == "", seconds=5)  # noqa: SLF001

    assert is_process(name, process.pid)
    process.wait()


def test_of_another_place_nothing_is_known():
    assert not is_gone("elsewhere:boot:pid:[1]:4711:99")
    assert not is_gone("anything")


def test_the_job_of_a_dead_process_comes_back_after_a_moment_of_grace(ledger, sweeper, clock):
    ledger.claim(owner_that_is_gone())

    sweeper.sweep()
    assert ledger.job(JOB.job_id).state is JobState.RUNNING
    clock.pass_(GRACE.total_seconds())
    sweeper.sweep()

    job = ledger.job(JOB.job_id)
    assert (job.state, job.losts, job.crashes) == (JobState.QUEUED, 1, 0)


def test_the_job_of_a_living_process_is_its_own(ledger, sweeper, clock):
    ledger.claim(this_process())

    for _ in range(5):
        clock.pass_(GRACE.total_seconds())
        sweeper.sweep()

    assert ledger.job(JOB.job_id).state is JobState.RUNNING


def test_the_job_of_a_process_elsewhere_comes_back_when_its_lease_runs_out(ledger, sweeper, clock):
    ledger.claim("elsewhere:4711:1")
    clock.pass_(GRACE.total_seconds())
    sweeper.sweep()
    assert ledger.job(JOB.job_id).state is JobState.RUNNING

    clock.pass_(LEASE.total_seconds())
    sweeper.sweep()

    assert ledger.job(JOB.job_id).state is JobState.QUEUED


def test_workers_are_woken_for_what_is_due_and_again_after_a_while(ledger, clock):
    queue = Wakes()
    sweeper = Sweeper(ledger, queue, clock)

    sweeper.sweep()
    sweeper.sweep()
    assert queue.woken == [JOB.job_id]
    clock.pass_(5)
    sweeper.sweep()

    assert queue.woken == [JOB.job_id] * 2


def test_a_worker_that_is_gone_is_forgotten(ledger, sweeper, clock):
    for name in (owner_that_is_gone(), this_process(), "elsewhere:4711:1"):
        ledger.present(WorkerPresence(name, "cpu", (), clock(), clock()))

    sweeper.sweep()

    assert {worker.owner for worker in ledger.workers()} == {this_process(), "elsewhere:4711:1"}


def test_a_sweeper_goes_on_when_the_ledger_is_back(ledger, clock):
    class OnceAway(Wakes):
        def put(self, job_id):
            super().put(job_id)
            if len(self.woken) == 1:
                clock.pass_(10)
                raise UnavailableError("away")

    queue, stop = OnceAway(), threading.Event()
    thread = threading.Thread(target=Sweeper(ledger, queue, clock).run, args=(stop,))
    thread.start()

    until(lambda: len(queue.woken) > 1, seconds=10)
    stop.set()
    thread.join()

    assert queue.woken[:2] == [JOB.job_id] * 2


def test_a_sweeper_that_must_wait_does_not_ask_all_the_time(ledger, clock):
    class Away(Wakes):
        def put(self, job_id):
            super().put(job_id)
            clock.pass_(10)
            raise UnavailableError("away")

    queue, stop = Away(), threading.Event()
    thread = threading.Thread(target=Sweeper(ledger, queue, clock).run, args=(stop,))
    thread.start()

    stop.wait(5 * EVERY_S)
    stop.set()
    thread.join()

    assert queue.woken == [JOB.job_id]
