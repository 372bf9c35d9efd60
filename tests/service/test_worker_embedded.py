import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from peers.programs import until

from service.worker.embedded import EmbeddedWorker

BEGINS_AND_DRAINS = """
import os, signal, sys, time
note = open(sys.argv[1], "a", buffering=1)
signal.signal(signal.SIGTERM, lambda *_: (note.write("drained\\n"), sys.exit(0)))
note.write(f"{os.getpid()}\\n")
time.sleep(60)
"""


@contextmanager
def running(note):
    worker = EmbeddedWorker([sys.executable, "-c", BEGINS_AND_DRAINS, str(note)])
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
