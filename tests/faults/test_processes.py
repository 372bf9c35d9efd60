"""What happens to senders when a process of the node, or its database, stops for a while.

Killed processes: `tests/test_kill.py`, and the campaign, which also freezes and takes away.
"""

import signal
import time
from collections.abc import Iterator

import pytest
from loopback import Raw, ct
from postgres import PostgreSQL

from faults.served import IDLE_S, served
from faults.supervised import send

UID, STUDY = "1.2.3.4.1", "1.2.3.4"


@pytest.fixture
def postgres() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


def test_a_listener_that_was_frozen_takes_the_rest_of_a_data_set(tmp_path):
    content = ct(UID, STUDY)
    with served(tmp_path / "node") as node, Raw(node.port).associate() as peer:
        peer.command(UID)
        peer.fragment(content[:8000], last=False)

        send(node.process.pid, signal.SIGSTOP)
        peer.fragment(content[8000:16000], last=False)
        time.sleep(IDLE_S / 2)
        send(node.process.pid, signal.SIGCONT)

        peer.fragment(content[16000:], last=True)
        assert peer.receive() == 0
        peer.release()
        peer.socket.close()
        node.is_well()


def test_a_listener_killed_within_a_data_set_never_said_yes_and_takes_it_again(tmp_path):
    content = ct(UID, STUDY)
    with served(tmp_path / "node") as node:
        with Raw(node.port).associate() as peer:
            peer.command(UID)
            peer.fragment(content[:8000], last=False)
            send(node.process.pid, signal.SIGKILL)

            assert peer.receive() == "closed"
        node.wait_until_it_listens()
        with Raw(node.port).associate() as peer:
            peer.store(content, UID)

            assert peer.receive() == 0
            peer.release()
        assert node.ledger.study(STUDY).instances == 1


def test_a_sender_is_put_off_while_postgresql_is_away_and_served_when_it_is_back(
    tmp_path, postgres
):
    with (
        served(tmp_path / "node", ledger=postgres.database()) as node,
        Raw(node.port).associate() as peer,
    ):
        postgres.crash()
        peer.store(ct(UID, STUDY), UID)
        assert peer.receive() == 0xA700

        postgres.recover()

        peer.store(ct(UID, STUDY), UID)
        assert peer.receive() == 0
        peer.release()
        peer.socket.close()
        assert node.ledger.study(STUDY).instances == 1
        node.is_well()
