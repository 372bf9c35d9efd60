"""Writers of several processes wait for each other, and for nobody who is gone or frozen."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.errors import UnavailableError
from service.ledger.turn import LONGEST_WAIT_S, Turn

HOLD = """
import sys
from pathlib import Path
from service.errors import UnavailableError
from service.ledger.turn import Turn
with Turn(Path(sys.argv[1])).taken():
    print("taken", flush=True)
    sys.stdin.read()
"""


ROOT = Path(__file__).parents[2]


@contextmanager
def holder(path: Path):
    """Run a process that has the turn until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as process:
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "turn"


def test_a_process_waits_until_another_is_done(path):
    taken = threading.Event()

    def take():
        with Turn(path).taken():
            taken.set()

    with holder(path) as other:
        waiting = threading.Thread(target=take)
        waiting.start()
        assert not taken.wait(0.3)
        other.stdin.close()
        assert taken.wait(LONGEST_WAIT_S / 2)
    waiting.join()


def test_who_waits_behind_too_many_threads_is_told_so(path):
    mine = Turn(path)

    with mine.taken(), ThreadPoolExecutor() as others:
        asked = others.submit(lambda: mine.taken(0.1).__enter__())

        with pytest.raises(UnavailableError, match="too many wait to write"):
            asked.result()


def test_the_turn_of_a_process_that_is_killed_is_free(path):
    with holder(path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()

        started = time.monotonic()
        with Turn(path).taken():
            pass

    assert time.monotonic() - started < LONGEST_WAIT_S / 2


def test_a_process_that_is_frozen_holds_up_nobody_for_ever(path):
    with holder(path) as other:
        other.send_signal(signal.SIGSTOP)

        started = time.monotonic()
        with Turn(path).taken():
            pass

    assert LONGEST_WAIT_S <= time.monotonic() - started < 3 * LONGEST_WAIT_S


def test_threads_take_turns(path):
    turn, inside, most = Turn(path), [], []

    def take():
        for _ in range(50):
            with turn.taken():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1


def test_where_nothing_can_be_locked_only_threads_wait(tmp_path):
    with Turn(tmp_path / "not there" / "turn").taken():
        pass


def test_a_turn_that_is_closed_leaves_no_descriptor_and_can_be_taken_again(path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    turn = Turn(path)

    for _ in range(2):
        with turn.taken():
            pass
        turn.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
