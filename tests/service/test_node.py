"""How a node runs its loops, and what systemd hears of them."""

import os
import socket
import subprocess
import sys
import threading

import pytest
from peers.programs import until

from service.errors import UnavailableError
from service.lock import sole_owner
from service.node import Node, Role
from service.progress import Progress
from service.systemd import Systemd


@pytest.fixture
def systemd(tmp_path):
    """The socket on which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def test_systemd_hears_that_it_is_up_that_it_lives_and_that_it_stops(systemd, tmp_path):
    stop = threading.Event()
    told = Systemd(systemd.getsockname(), every_s=0.05)
    node = Node({"loop": lambda asked: asked.wait()}, tmp_path, systemd=told)
    running = threading.Thread(target=node.run, args=(stop,))

    running.start()
    heard = [systemd.recv(100), systemd.recv(100)]
    stop.set()
    running.join()

    assert heard == [b"READY=1", b"WATCHDOG=1"]
    until(lambda: systemd.recv(100) == b"STOPPING=1")


def test_systemd_hears_nothing_of_a_node_with_a_loop_that_is_stuck(systemd, tmp_path, monkeypatch):
    monkeypatch.setattr("service.node.STUCK_S", 0.2)
    stop, stuck = threading.Event(), threading.Event()
    told = Systemd(systemd.getsockname(), every_s=0.5)
    node = Node({"loop": lambda _: stuck.wait()}, tmp_path, systemd=told)
    running = threading.Thread(target=node.run, args=(stop,))

    running.start()
    ready = systemd.recv(100)
    systemd.settimeout(1.5)
    with pytest.raises(TimeoutError):
        systemd.recv(100)
    stuck.set()
    stop.set()
    running.join()

    assert ready == b"READY=1"


def test_a_loop_that_waits_is_at_nothing():
    stop = threading.Event()
    progress = Progress(stop)
    waiting = threading.Thread(target=progress.wait)
    waiting.start()

    until(lambda: progress.busy_s() == 0.0)

    progress.set()
    waiting.join()
    assert stop.is_set()
    assert progress.is_set()


def test_what_systemd_says_is_not_passed_on_to_children(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")

    told = Systemd.from_environment()

    assert (told.address, told.every_s) == ("/run/notify", 20.0)
    assert "NOTIFY_SOCKET" not in os.environ  # noqa: TID251 - what a child would see


def test_two_processes_may_share_a_folder_but_not_a_role(tmp_path):
    told = f"process {os.getpid()}, which is its router"
    with sole_owner(tmp_path, [Role.LISTENER]), sole_owner(tmp_path, [Role.ROUTER]):
        with (
            pytest.raises(UnavailableError, match=told),
            sole_owner(tmp_path, [Role.DELIVERY, Role.ROUTER]),
        ):
            pass
        with sole_owner(tmp_path, [Role.DELIVERY]):
            pass


def test_ctrl_c_while_it_starts_shows_no_traceback():
    loading = "sys.meta_path.insert(0, type('Slow', (), {'find_spec': staticmethod(interrupt)}))"
    code = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
from service.__main__ import main

def interrupt(name, *_):
    if name == "service.cli.commands":
        signal.raise_signal(signal.SIGINT)

{loading}
main()
"""

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (told.returncode, told.stderr) == (130, "")


def test_what_does_not_go_together_is_wrong_usage_in_one_line():
    command = [sys.executable, "-m", "service", "engines", "verify"]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (told.returncode, told.stderr) == (
        2,
        "senoscope: which models? name some, or say --all\n",
    )
