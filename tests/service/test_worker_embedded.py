import os
import signal
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

from peers.programs import until
from working import open_test_ledger

from service.worker.embedded import EmbeddedWorker
from service.worker.pulse import Pulse, Sign
from service.worker.watchdog import Watch, Watchdog

BEGINS_AND_DRAINS = """
import os, signal, sys, time
note = open(sys.argv[1], "a", buffering=1)
signal.signal(signal.SIGTERM, lambda *_: (note.write("drained\\n"), sys.exit(0)))
note.write(f"{os.getpid()}\\n")
time.sleep(60)
"""
BEATS_ONCE = """
import os, sys
from service.worker.pulse import Pulse
Pulse(1, int(sys.argv[sys.argv.index("--pulse") + 1])).beat(0)
"""


@contextmanager
def running(note, program=BEGINS_AND_DRAINS, **settings):
    worker = EmbeddedWorker([sys.executable, "-c", program, str(note)], **settings)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def notes(note):
    return note.read_text().split() if note.exists() else []


def test_a_worker_that_is_killed_again_and_again_is_started_again_at_once(tmp_path):
    note = tmp_path / "note"
    with running(note):
        for starts in (1, 2, 3):
            until(lambda: len(notes(note)) == starts, seconds=10)  # noqa: B023 - asked at once
            os.kill(int(notes(note)[-1]), signal.SIGKILL)
        until(lambda: len(notes(note)) == 4, seconds=3)


def test_a_worker_is_let_finish_when_the_node_stops(tmp_path):
    note = tmp_path / "note"
    with running(note):
        until(lambda: notes(note), seconds=10)
        process = Path("/proc") / notes(note)[0]

    assert notes(note)[1:] == ["drained"]
    assert not process.exists()


def test_a_worker_that_gives_no_first_sign_of_life_is_killed_and_started_again(tmp_path):
    note = tmp_path / "note"
    with running(note, starting_s=1.0):
        until(lambda: len(notes(note)) == 2, seconds=10)


def test_a_worker_that_gives_no_more_signs_of_life_is_killed_and_started_again(tmp_path):
    note = tmp_path / "note"
    with running(note, BEATS_ONCE + BEGINS_AND_DRAINS, most_silent_s=1.0):
        until(lambda: len(notes(note)) == 2, seconds=30)


def test_a_worker_is_given_longer_to_start_than_to_be_silent(tmp_path):
    note = tmp_path / "note"
    with running(note, most_silent_s=0.1):
        until(lambda: notes(note), seconds=10)
        time.sleep(1.5)  # three looks

        assert len(notes(note)) == 1


def test_a_parent_whose_children_are_gone_for_good_beats_no_more(tmp_path):
    children, own = Pulse(1), Pulse(1)
    with closing(open_test_ledger(tmp_path)) as ledger:
        dog = Watchdog(ledger, children, own=own, childless_s=0.3)

        children.beat(0)
        dog.look()
        assert own.sign(0).pid == os.getpid()
        children.forget(0)
        own.forget(0)
        time.sleep(0.4)
        dog.look()

    assert own.sign(0) is None


def test_who_looks_was_asleep_gives_all_their_time_anew():
    watch, silent = Watch(most_silent_s=30), Sign(1, silent_s=3600)

    watch.look()

    assert not watch.is_frozen(silent)
