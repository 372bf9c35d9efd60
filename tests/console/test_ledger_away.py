"""A console whose ledger hangs: it says so soon, and goes on when the ledger does."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from consoles import PASSWORD, sign_in
from node import Node
from peers.programs import until

PATIENCE_S = 20
"""Of who asks: less than anybody who does the node's work waits for a ledger that hangs."""
MANY = 45
"""More than there are threads."""


class Console(Node):
    """`senoscope serve` that does nothing but answer."""

    roles = ("--role", "console")

    def wait_until_ready(self) -> None:
        until(lambda: self.answers("/healthz"), 60, why=self.log.read_text)


@dataclass
class Hanging:
    """A console, and what makes its ledger hang."""

    node: Node
    away: Callable[[], AbstractContextManager[None]]
    reason: str


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.fixture(params=["postgresql", "sqlite"])
def console(request, tmp_path, started) -> Hanging:
    if request.param == "sqlite":
        node = Console(tmp_path, pacs=1)
        file = tmp_path / "data" / "ledger.sqlite"
        made = Hanging(node, lambda: locked(file), "database is locked")
    else:
        server = request.getfixturevalue("postgresql")
        node = Console(tmp_path, pacs=1, extra=f'[ledger]\nurl = "{server.database()}"\n')
        made = Hanging(node, server.frozen, "timeout expired")
    node.fed(PASSWORD, "users", "add", "viewer", "--role", "viewer")
    started(node)
    return made


def signed_in(node: Node) -> httpx.Client:
    url = f"http://127.0.0.1:{node.http_port}"
    browser = httpx.Client(base_url=url, headers={"Accept": "text/html"}, timeout=PATIENCE_S)
    assert sign_in(browser, "viewer", PASSWORD).status_code == httpx.codes.SEE_OTHER
    return browser


def test_a_ledger_that_hangs_is_named_before_who_asks_gives_up(console):
    browser = signed_in(console.node)

    with console.away():
        ready = browser.get("/readyz")
        page = browser.get("/")
        metrics = browser.get("/metrics")
    after = browser.get("/")

    checks = {one["name"]: one for one in ready.json()["checks"]}
    assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert console.reason in checks["ledger"]["detail"]
    assert console.reason in page.text
    assert metrics.status_code == httpx.codes.OK
    assert after.status_code == httpx.codes.OK


def test_a_ledger_that_hangs_holds_no_thread_of_the_console(console):
    browser = signed_in(console.node)

    with console.away(), ThreadPoolExecutor(MANY) as many:
        asked = [*many.map(lambda _: browser.get("/", timeout=60), range(MANY))]
        ready = browser.get("/readyz")

    assert len(asked) == MANY
    assert ready.status_code == httpx.codes.SERVICE_UNAVAILABLE


def test_all_who_ask_at_once_whether_the_node_is_ready_are_answered_by_one_look(console):
    prober = signed_in(console.node)

    with console.away(), ThreadPoolExecutor(MANY) as many:
        asked = [*many.map(lambda _: prober.get("/readyz", timeout=60), range(MANY))]

    assert len({one.text for one in asked}) == 1


def test_a_check_names_a_postgresql_that_hangs_and_all_else(tmp_path, postgresql):
    shared = f'[ledger]\nurl = "{postgresql.database()}"\n'
    node = Node(tmp_path, pacs=1, extra=shared)
    command = [sys.executable, "-m", "service", "check", "--config", str(node.config)]

    with postgresql.frozen():
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert "FAIL ledger: " in told.stdout
    assert "FAIL destination pacs: " in told.stdout
    assert told.returncode == 1
