"""Real Celery workers on both brokers, killed as a node in a hospital may be."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from clock import now
from kombu.asynchronous.timer import Timer
from peers.programs import until
from peers.redis import Sentinel
from working import job_of, open_test_ledger, plain_image

from service.celery_worker import forget_cancelled
from service.ledger.records import JobState
from service.ledger.spool import Spool
from service.queue.broker import Broker
from service.queue.celery import CeleryQueue, make_app
from service.worker.sweeper import Sweeper

TESTS = Path(__file__).parents[1]
USUAL = (500, 600, 60)
"""Seconds until a job is told to end, is killed, and is taken for frozen."""
SIGTERM_IS_SEEN = "the worker finishes the jobs at hand"
OPEN = {JobState.QUEUED, JobState.RUNNING}


class Workplace:
    """A ledger, a broker, a sweeper, and a worker in processes of its own."""

    def __init__(self, data: Path, broker: str, limits: tuple[int, int, int] = USUAL) -> None:
        self.data = data
        self.limits = limits
        self.broker = broker
        self.ledger = open_test_ledger(data)
        self.received = Spool(data / "received")
        self.queue = CeleryQueue(make_app(Broker(broker, Sentinel.NAME), data))
        self._numbers = count()
        self._stop = threading.Event()
        sweeper = Sweeper(self.ledger, self.queue, now)
        self._sweeping = threading.Thread(target=sweeper.run, args=(self._stop,))
        self._sweeping.start()
        self.start()

    def start(self) -> None:
        command = [sys.executable, TESTS / "working.py", self.data, self.broker, str(os.getpid())]
        command += [str(limit) for limit in self.limits]
        paths = {**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"}  # noqa: TID251 - a child's
        with (self.data / "worker.log").open("ab") as log:
            self.parent = subprocess.Popen(command, env=paths, stdout=log, stderr=log)
        until(self.ledger.workers)

    def close(self) -> None:
        self._stop.set()
        self._sweeping.join()
        self.parent.kill()
        self.parent.wait()
        self.queue.app.pool.force_close_all()
        self.ledger.close()

    def put(self, pipeline: str) -> str:
        image = plain_image(f"1.2.{next(self._numbers)}")
        self.received.keep_dataset(image)
        job = job_of(image, pipeline, created_at=now(), run_at=now())
        self.ledger.decide([], [job])
        self.queue.put(job.job_id)
        return job.job_id

    def child(self) -> int:
        """Return the process that does the work, once there is one: another takes over shortly."""
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children")
        until(lambda: children.read_text().split())
        return int(children.read_text().split()[0])

    def state(self, job_id: str) -> JobState:
        return self.ledger.job(job_id).state

    def until_ended(self, job_id: str) -> None:
        until(lambda: self.state(job_id) not in OPEN)

    def until_running(self, job_id: str) -> None:
        until(lambda: self.state(job_id) is JobState.RUNNING)

    def says(self, words: str) -> int:
        """Return how often the worker said so."""
        return (self.data / "worker.log").read_text(encoding="utf-8").count(words)

    def is_done_once(self, job_id: str) -> bool:
        mine = [each for each in self.ledger.deliveries() if each.job_id == job_id]
        return self.state(job_id) is JobState.DONE and len(mine) == 1


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path, "")
    yield workplace
    workplace.close()


@pytest.fixture
def limited(request, tmp_path: Path) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path, "", request.param)
    yield workplace
    workplace.close()


@pytest.fixture
def on_redis(tmp_path: Path, redis_server) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path, redis_server.url)
    yield workplace
    workplace.close()


@pytest.fixture
def on_sentinel(tmp_path: Path, sentinel) -> Iterator[Workplace]:
    workplace = Workplace(tmp_path, sentinel.url)
    yield workplace
    workplace.close()


@pytest.fixture(params=["embedded", "on_redis"])
def workplace(request) -> Workplace:
    return request.getfixturevalue(request.param)


def test_poison_is_parked_while_other_jobs_go_on(workplace):
    poison = workplace.put("poison")
    others = [workplace.put(pipeline) for pipeline in ("copy", "unfit", "copy")]

    for job_id in (*others, poison):
        workplace.until_ended(job_id)

    parked = workplace.ledger.job(poison)
    assert (parked.state, parked.crashes, parked.losts) == (JobState.PARKED, 3, 0)
    assert parked.error == "its process died: signal 11 (SIGSEGV)"
    assert workplace.is_done_once(others[0])
    assert workplace.says("Connected to") == 1
    assert workplace.state(others[1]) is JobState.DEAD
    assert workplace.is_done_once(others[2])


def test_a_job_that_loses_the_device_ends_its_process_and_comes_back_to_another(embedded):
    first = embedded.child()
    lost, other = embedded.put("lost"), embedded.put("copy")

    for job_id in (other, lost):
        embedded.until_ended(job_id)

    job = embedded.ledger.job(lost)
    assert embedded.is_done_once(other)
    assert not Path(f"/proc/{first}").exists()
    assert embedded.child() != first
    assert (job.state, job.crashes, job.losts) == (JobState.PARKED, 3, 0)
    assert job.error.startswith("DeviceLostError in run, line ")
    log = (embedded.data / "worker.log").read_text()
    assert log.count("the worker's process ends, for want of its device") == 3


def test_a_job_whose_process_is_killed_is_done_once_soon_afterwards(workplace):
    job_id = workplace.put("slow")
    workplace.until_running(job_id)

    os.kill(workplace.child(), signal.SIGKILL)
    workplace.until_ended(job_id)

    job = workplace.ledger.job(job_id)
    assert workplace.is_done_once(job_id)
    assert (job.losts, job.crashes) == (1, 0)
    assert (job.finished_at - job.created_at).total_seconds() < 10


@pytest.mark.parametrize(
    ("limited", "pipeline", "why"),
    [
        pytest.param((3, 60, 60), "late", "it took longer than worker.soft_limit_s", id="told"),
        pytest.param((2, 4, 60), "stuck", "it took more than 4 s", id="killed"),
        pytest.param((50, 60, 5), "frozen", "its process was frozen", id="frozen"),
    ],
    indirect=["limited"],
)
def test_a_job_that_does_not_end_counts_as_crashed_and_holds_up_nobody(limited, pipeline, why):
    stuck = limited.put(pipeline)
    limited.until_running(stuck)
    other = limited.put("copy")

    limited.until_ended(other)

    job = limited.ledger.job(stuck)
    assert (job.crashes, job.losts, job.error) == (1, 0, why)
    assert limited.is_done_once(other)


@pytest.mark.parametrize("limited", [(50, 60, 5)], indirect=True)
def test_a_process_that_somebody_stopped_is_killed_and_its_job_done_by_the_next(limited):
    job_id = limited.put("slow")
    limited.until_running(job_id)
    stopped = limited.child()

    os.kill(stopped, signal.SIGSTOP)
    limited.until_ended(job_id)

    job = limited.ledger.job(job_id)
    assert limited.is_done_once(job_id)
    assert (job.crashes, job.losts) == (0, 1)
    assert not Path(f"/proc/{stopped}").exists()


def test_a_job_that_hangs_is_over_soon_after_it_was_cancelled(embedded):
    hanging = embedded.put("stuck")
    embedded.until_running(hanging)
    process, other = embedded.child(), embedded.put("copy")

    embedded.ledger.cancel(hanging)
    until(lambda: embedded.state(other) is JobState.DONE, seconds=60)

    assert embedded.state(hanging) is JobState.CANCELLED
    assert not Path(f"/proc/{process}").exists()
    assert embedded.is_done_once(other)


def test_a_second_sigterm_does_not_wait_for_the_job_at_hand(embedded):
    job_id = embedded.put("late")
    embedded.until_running(job_id)

    embedded.parent.terminate()
    until(lambda: SIGTERM_IS_SEEN in (embedded.data / "worker.log").read_text())
    embedded.parent.terminate()

    assert embedded.parent.wait(timeout=10) == 1
    until(lambda: embedded.state(job_id) is JobState.QUEUED)
    assert embedded.ledger.job(job_id).losts == 1


def test_a_worker_whose_idle_process_is_killed_still_works(embedded):
    os.kill(embedded.child(), signal.SIGKILL)

    job_id = embedded.put("copy")
    embedded.until_ended(job_id)

    assert embedded.is_done_once(job_id)


def test_a_worker_that_is_killed_takes_its_process_along_and_its_job_is_done_by_the_next(embedded):
    job_id = embedded.put("slow")
    embedded.until_running(job_id)
    child = Path("/proc") / str(embedded.child())

    embedded.parent.kill()
    embedded.parent.wait()
    until(lambda: not child.exists() or "Z (zombie)" in (child / "status").read_text(), seconds=2)
    embedded.start()
    embedded.until_ended(job_id)

    assert embedded.is_done_once(job_id)
    assert embedded.ledger.job(job_id).losts == 1


def test_a_worker_told_to_stop_finishes_its_job_first(embedded):
    job_id = embedded.put("slow")
    embedded.until_running(job_id)
    waiting = embedded.put("slow")

    embedded.parent.terminate()

    assert embedded.parent.wait(timeout=20) == 0
    assert embedded.is_done_once(job_id)
    assert embedded.ledger.job(job_id).losts == 0
    assert embedded.state(waiting) is JobState.QUEUED


def test_a_redis_that_dies_and_forgets_loses_no_job(on_redis, redis_server):
    first = on_redis.put("slow")
    on_redis.until_running(first)
    redis_server.kill()
    second = on_redis.put("copy")
    redis_server.start()

    for job_id in (first, second):
        on_redis.until_ended(job_id)

    assert on_redis.is_done_once(first)
    assert on_redis.is_done_once(second)


def test_a_worker_follows_sentinel_to_another_redis_and_loses_no_job(on_sentinel, sentinel):
    first = on_sentinel.put("slow")
    on_sentinel.until_running(first)

    sentinel.fail_over()
    second = on_sentinel.put("copy")
    for job_id in (first, second):
        on_sentinel.until_ended(job_id)

    assert on_sentinel.is_done_once(first)
    assert on_sentinel.is_done_once(second)


def test_a_worker_whose_job_ends_while_redis_is_away_takes_the_next_one(on_redis, redis_server):
    first = on_redis.put("slow")
    on_redis.until_running(first)
    redis_server.kill()
    on_redis.until_ended(first)
    second = on_redis.put("copy")
    until(lambda: on_redis.says("Couldn't ack"))  # what it lost stands where the next one should
    redis_server.start()

    on_redis.until_ended(second)

    assert on_redis.is_done_once(first)
    assert on_redis.is_done_once(second)
    assert on_redis.says("Connected to") == 2
    assert not on_redis.says("Pool callback raised exception")


def test_time_limits_of_tasks_that_ended_are_let_go_and_others_kept():
    timer, told = Timer(), []
    kept = timer.call_after(0, told.append, ("kept",))
    gone = timer.call_after(600, told.append, ("gone",))
    timer.call_after(600, told.append, ("later",))
    gone.cancel()

    forget_cancelled(timer)

    assert len(timer) == 2
    assert next(iter(timer)) == (None, kept)
