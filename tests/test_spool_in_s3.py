"""A whole node whose images and results lie in S3, its processes as users start them."""

import json
import subprocess
import sys

import pytest
from node import Node
from peers.programs import until
from peers.s3 import S3Server
from phantoms import saved, study

from service.delivery.files import send_files
from service.delivery.peer import Address
from service.ledger.s3 import Bucket

SPOOL = """
[spool]
url = "s3://images/node"
endpoint = "{endpoint}"
"""


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = S3Server()
    server.start()
    yield server
    server.stop()


def node_on(s3, folder, pacs):
    node = Node(folder, pacs)
    with node.config.open("a") as config:
        config.write(SPOOL.format(endpoint=s3.endpoint))
    return node


def test_a_node_takes_in_processes_and_sends_from_s3(tmp_path, s3, storescp):
    bucket = Bucket("images", "node", s3.endpoint)
    bucket.files().mkdir("images")
    files = [saved(image, tmp_path) for image in study(rows=256, columns=208)]
    node = node_on(s3, tmp_path / "node", storescp.port)
    node.start()
    try:
        node.wait_until_ready()
        sent = list(send_files(files, Address("SENOSCOPE", "127.0.0.1", node.port), "MAMMO1"))
        assert all(one.ok for one in sent)
        until(lambda: len(storescp.files()) == 2 * len(files), 60, why=node.log.read_text)
        assert len(bucket.files().find("images/node/received")) == len(files)
        assert len(bucket.files().find("images/node/results")) == 2 * len(files)
        assert not list((tmp_path / "node" / "data").rglob("*.dcm"))
    finally:
        assert node.stop() == 0


def test_check_names_a_bucket_that_is_not_there(tmp_path, s3, storescp):
    node = node_on(s3, tmp_path / "node", storescp.port)
    command = [sys.executable, "-m", "service", "check", "--config", node.config, "--json"]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    spool = {one["name"]: one for one in json.loads(told.stdout)}["spool"]
    assert told.returncode == 1
    assert not spool["ok"]
    assert "s3://images" in spool["detail"]
    assert "not there" in spool["detail"]
