"""What compose.yaml starts, started as processes: docs/deployment.md says what that proves."""

from pathlib import Path

import httpx
import pytest
from clock import now
from composed import composed
from mirrored import Mirror, all_alive, ask_for_password, ports_of, prometheus_of, redis_of
from peers.dcmtk import storescu
from peers.programs import HOST, program, until
from phantoms import mammogram, saved
from postgres import PostgreSQL

from service.demo.orthanc import Orthanc
from service.ledger.sql import open_ledger

WHOLE = Path(__file__).parents[2] / "deploy/compose.yaml"
STUDIES = 20
SENT = 'sum(senoscope_deliveries{state="sent"})'


@pytest.fixture
def asking():
    """A PostgreSQL of our own, for it is to ask for a password."""
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mirror(tmp_path, asking):
    """The services of ours that compose.yaml starts, with Redis and PostgreSQL, as processes."""
    file = composed(WHOLE)
    ports = ports_of(["listener:11112", "console:8080", "redis:6379", "prometheus:9090"])
    ports["postgres:5432"] = asking.port
    made = Mirror(file, tmp_path, ports)
    with Orthanc(program("Orthanc", "orthanc"), tmp_path / "orthanc", "PACS") as pacs:
        made.ports["pacs:4242"] = pacs.dicom_port
        made.lay_out()
        ask_for_password(asking, made.secret("ledger_password"))
        redis = redis_of(file, tmp_path, ports["redis:6379"])
        redis.start()
        prometheus = prometheus_of(made)
        prometheus.start()
        yield made, pacs
        for process in made.processes.values():
            process.kill()
            process.wait()
        prometheus.kill()
        redis.kill()
        pacs.kill()


@pytest.mark.timeout(300)
def test_twenty_studies_pass_once_through_the_services_of_compose_which_are_backed_up_and_drain(
    mirror, tmp_path
):
    cluster, pacs = mirror
    for service in cluster.file.nodes.values():
        cluster.start(service)
    all_alive(cluster)
    until(lambda: is_ready(cluster), 120, 0.5, cluster.logs)
    images = [
        saved(mammogram(rows=64, columns=48, seed=number), tmp_path) for number in range(STUDIES)
    ]

    sent = storescu(images, cluster.ports["listener:11112"])
    until(lambda: outcome(cluster)["studies"] == STUDIES, 60, 0.5, cluster.logs)
    until(lambda: not outcome(cluster)["open"], 180, 0.5, cluster.logs)
    found = outcome(cluster)
    arrived = pacs.instances()
    until(lambda: watched(cluster, SENT) == len(arrived), 30, 0.5, cluster.logs)
    is_up = watched(cluster, 'up{job="senoscope"}')
    console = cluster.file.services["console"]
    taken = cluster.run(console, "backup", tmp_path / "backups")
    ended = cluster.stop()
    brought_back = cluster.run(console, "restore", tmp_path / "backups", "--force")

    assert sent.returncode == 0, sent.output
    assert found["jobs"] == ["done"] * STUDIES
    assert arrived == found["sent"]
    assert len(arrived) >= STUDIES
    assert is_up == 1
    assert ended == dict.fromkeys(cluster.file.nodes, 0)
    assert cluster.secret("ledger_password") not in cluster.logs()
    assert taken.returncode == 0, taken.stderr
    assert brought_back.returncode == 0, brought_back.stderr
    assert outcome(cluster) == found


def is_ready(cluster: Mirror) -> bool:
    try:
        told = httpx.get(f"http://{HOST}:{cluster.ports['console:8080']}/readyz", timeout=10)
    except httpx.HTTPError:
        return False
    return told.status_code == httpx.codes.OK


def watched(cluster: Mirror, query: str) -> float:
    """Return what Prometheus answers to that query; -1 where it knows nothing yet."""
    there = f"http://{HOST}:{cluster.ports['prometheus:9090']}/api/v1/query"
    found = httpx.get(there, params={"query": query}, timeout=10).json()["data"]["result"]
    return float(found[0]["value"][1]) if found else -1


def outcome(cluster: Mirror) -> dict:
    """Return what the ledger says of the clinic's studies."""
    address = f"{HOST}:{cluster.ports['postgres:5432']}"
    password = cluster.secret("ledger_password")
    ledger = open_ledger(f"postgresql+psycopg://senoscope:{password}@{address}/senoscope", now)
    jobs, deliveries = ledger.jobs(), ledger.deliveries()
    ledger.close()
    return {
        "studies": len({job.study_instance_uid for job in jobs}),
        "jobs": [str(job.state) for job in jobs],
        "open": any(job.state.is_open for job in jobs)
        or any(one.state == "owed" for one in deliveries),
        "sent": sorted(one.sop_instance_uid for one in deliveries if one.state == "sent"),
    }
