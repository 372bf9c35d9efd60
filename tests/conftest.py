"""Peers that are really started, data that is really there, and no test skipped unseen."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from clock import now
from no_skips import pytest_make_collect_report, pytest_runtest_makereport
from node import Node
from peers import dcmtk
from peers.programs import program
from peers.redis import RedisServer, Sentinel
from phantoms import spoilt_phantoms, written_phantoms
from postgres import PostgreSQL
from prometheus_client import CollectorRegistry

from service.demo.orthanc import Orthanc

PROJECT = Path(__file__).parents[1]
__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]
DATA = Path(os.environ.get("SENOSCOPE_DATA", PROJECT / "../shared/data"))  # noqa: TID251 - likewise


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """A PACS that is up; `stop` and `start` take it down and bring it back with all it kept."""
    server = Orthanc(program("Orthanc", "orthanc"), tmp_path / "orthanc")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def started() -> Iterator[Callable[[Node], Node]]:
    """Return a way to start a node; each is stopped at the end."""
    nodes: list[Node] = []

    def start(node: Node) -> Node:
        node.start()
        nodes.append(node)
        node.wait_until_ready()
        return node

    yield start
    for node in nodes:
        node.stop()


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[dcmtk.StoreScp]:
    """A dcmtk storage SCP that is up."""
    with dcmtk.storescp(tmp_path / "storescp") as server:
        yield server


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that is up and remembers nothing over a restart."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[Sentinel]:
    """A Redis, another that takes its place, and a Sentinel that says when."""
    servers = Sentinel(tmp_path)
    servers.start()
    yield servers
    servers.kill()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that is up."""
    server = PostgreSQL()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new ledger, on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").database()
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture(scope="session")
def data_dir() -> Path | None:
    """Where the test data is (SENOSCOPE_DATA, else ../shared/data), None where there is none."""
    return DATA.resolve() if DATA.is_dir() else None


@pytest.fixture(scope="session")
def dicom_files(data_dir: Path | None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Good objects of many makes: the shared real and synthetic ones, else phantoms."""
    if data_dir is not None:
        return sorted([*data_dir.glob("dicom/real/*.dcm"), *data_dir.glob("dicom/synthetic/*.dcm")])
    return written_phantoms(tmp_path_factory.mktemp("dicom"))


@pytest.fixture(scope="session")
def bad_files(data_dir: Path | None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Broken and hostile objects: the shared ones, else phantoms that were spoilt."""
    if data_dir is not None:
        return sorted(data_dir.glob("dicom/bad/*.dcm"))
    return spoilt_phantoms(tmp_path_factory.mktemp("bad"))


@pytest.fixture
def registry() -> CollectorRegistry:
    """Where a test's metrics are registered."""
    return CollectorRegistry()


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The time, as the parts of the node are given it."""
    return now
