"""How a process says that it goes round: to containers by a file, to systemd by its socket."""

import socket
import threading
import time

import pytest
from clock import now
from peers.programs import until

from service.alive import AliveFile
from service.errors import BadConfigurationError, UnavailableError
from service.ledger.sql import open_ledger
from service.node import Node
from service.settings import load_settings
from service.systemd import Systemd
from service.worker.pulse import Pulse
from service.worker.watchdog import Watchdog


def test_a_file_is_touched_as_long_as_the_node_goes_round(tmp_path):
    file, stop = tmp_path / "alive", threading.Event()
    node = Node(
        {"loop": lambda asked: asked.wait()},
        tmp_path,
        systemd=Systemd(every_s=0.05),
        alive=AliveFile(file),
    )
    running = threading.Thread(target=node.run, args=(stop,))

    running.start()
    until(file.exists)
    first = file.stat().st_mtime_ns
    until(lambda: file.stat().st_mtime_ns > first)
    stop.set()
    running.join()
    last = file.stat().st_mtime_ns
    time.sleep(0.2)

    assert file.stat().st_mtime_ns == last


def test_a_node_that_cannot_say_that_it_is_alive_does_not_start(tmp_path):
    node = Node({}, tmp_path, alive=AliveFile(tmp_path / "missing/alive"))

    with pytest.raises(UnavailableError, match=r"health\.alive_file"):
        node.run(threading.Event())


def test_a_worker_says_that_it_is_up_and_goes_round_until_it_has_long_had_no_child(tmp_path):
    file = tmp_path / "alive"
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", now)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        dog = Watchdog(
            ledger,
            Pulse(1),
            systemd=Systemd(str(tmp_path / "notify")),
            alive=AliveFile(file),
            childless_s=0.3,
        )

        dog.start()
        dog.look()
        heard = [listening.recv(100), listening.recv(100)]
        time.sleep(0.4)
        before = file.stat().st_mtime_ns
        dog.look()
    ledger.close()

    assert heard == [b"READY=1", b"WATCHDOG=1"]
    assert file.stat().st_mtime_ns == before


def test_the_password_of_the_ledger_stands_in_a_file(tmp_path):
    (tmp_path / "password").write_text("p@ss/word\n")
    file = tmp_path / "senoscope.toml"
    file.write_text('[ledger]\nurl = "postgresql+psycopg://us@db/name"\npassword_file = "password"')

    settings = load_settings(file)

    assert settings.ledger_url == "postgresql+psycopg://us:p%40ss%2Fword@db/name"
    assert "p@ss" not in repr(settings)


def test_a_password_without_a_server_is_a_mistake(tmp_path):
    file = tmp_path / "senoscope.toml"
    file.write_text('[ledger]\npassword_file = "password"')

    with pytest.raises(BadConfigurationError, match="password_file without url"):
        load_settings(file)
