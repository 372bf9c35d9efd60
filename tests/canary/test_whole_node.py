"""A phantom study through a whole node: what it finds where nothing is wrong, and where it is."""

import subprocess
import sys

from node import Cluster, Node
from peers.programs import until


def test_canaries_prove_that_a_node_works_and_leave_nothing_behind(tmp_path, storescp, started):
    node = started(Node(tmp_path, storescp.port, canary_s=1))
    ledger = node.ledger()

    until(lambda: (last := ledger.last_canary()) and last.runs >= 2, 90, why=node.log.read_text)

    last = ledger.last_canary()
    assert (last.phase, last.reason) == ("", "")
    assert last.seconds.keys() >= {"port", "store", "routing", "total"}
    assert "senoscope_canary_success 1.0" in node.get("/metrics")
    assert 'destination="_canary"' not in node.get("/metrics")
    assert "came through" in node.get("/readyz")
    assert storescp.files() == []


def test_a_node_of_one_process_with_its_pacs_passes_the_check(tmp_path, storescp, started):
    node = started(Node(tmp_path, storescp.port))

    command = [sys.executable, "-m", "service", "check", "--config", str(node.config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "FAIL" not in told.stdout
    assert "ok   destination pacs: " in told.stdout
    assert "ok   phantom study: came through, its pixels are right" in told.stdout
    assert storescp.files() == []


def test_a_cluster_is_proved_by_a_check_through_all_its_processes(
    tmp_path, postgresql, redis_server, storescp, started
):
    shared = f'[ledger]\nurl = "{postgresql.database()}"\n'
    cluster = Cluster(tmp_path, storescp.port, broker=redis_server.url, extra=shared)
    node = started(cluster)

    command = [sys.executable, "-m", "service", "check", "--config", str(node.config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "ok   phantom study: came through, its pixels are right" in told.stdout
    assert storescp.files() == []
