"""A node that was backed up at work, and lost, goes on from its backup."""

import json
import os
import shutil
import signal
from collections import Counter
from contextlib import closing

import pytest
from node import Node
from peers.programs import listens, until
from phantoms import mammogram, saved
from pydicom import dcmread

from service.delivery.files import send_files
from service.delivery.peer import Address
from service.ledger.records import DeliveryState

SENT, OWED = DeliveryState.SENT, DeliveryState.OWED


@pytest.fixture
def node(tmp_path, storescp):
    """A node that takes work, sending to that PACS; whatever is left of it is ended."""
    made = Node(tmp_path / "node", storescp.port)
    made.start()
    try:
        until(lambda: made.answers("/readyz"), 150, why=made.log.read_text)
        yield made
    finally:
        end(made)


@pytest.mark.timeout(600)
def test_what_a_lost_node_owed_is_sent_once_and_nothing_else_again(tmp_path, node, storescp):
    done, owed, late = (saved(mammogram(seed=seed), tmp_path) for seed in (1, 2, 3))
    send(node, done)
    until(lambda: states(node) == {SENT: 2}, 90, why=node.log.read_text)
    before = {path.name: path.stat().st_mtime_ns for path in storescp.files()}
    storescp.stop()
    send(node, owed)
    until(lambda: states(node) == {SENT: 2, OWED: 2}, 90, why=node.log.read_text)
    send(node, late)
    node.run("backup", str(tmp_path / "backups"))

    end(node)
    shutil.rmtree(tmp_path / "node/data")
    node.run("restore", str(tmp_path / "backups"))
    storescp.start()
    node.start()
    until(lambda: listens(node.port), 90, why=node.log.read_text)
    send(node, late)

    until(lambda: states(node) == {SENT: 6}, 150, why=node.log.read_text)
    after = {path.name: path.stat().st_mtime_ns for path in storescp.files()}
    assert before.items() <= after.items()
    results = [dcmread(path, stop_before_pixels=True) for path in storescp.files()]
    assert len({(result.StudyInstanceUID, result.SOPClassUID) for result in results}) == 6
    report = json.dumps(node.senoscope("doctor", "--log", str(node.log)))
    assert [word for word in words_of(done, owed, late) if word in report] == []
    assert "Thread 0x" in report


def end(node):
    """Kill all of it at once."""
    for pid in node.processes():
        os.kill(pid, signal.SIGKILL)
    node.process.wait()


def send(node, path):
    (sent,) = send_files([path], Address("SENOSCOPE", "127.0.0.1", node.port), "MAMMO1")
    assert sent.ok


def words_of(*paths):
    """Return what only a patient's images say: names, numbers, dates, and whose images they are."""
    keywords = ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber")
    uids = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    headers = [dcmread(path, stop_before_pixels=True) for path in paths]
    return {str(h.get(k, "")) for h in headers for k in (*keywords, *uids)} - {""}


def states(node):
    """Return how many deliveries are in each state."""
    with closing(node.ledger()) as ledger:
        return Counter(one.state for one in ledger.deliveries())
