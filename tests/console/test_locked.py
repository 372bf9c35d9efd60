"""A console that waits for others: for a ledger that is busy, for a provider that is silent."""

import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import httpx
import pytest
from consoles import PASSWORD, csrf, served, study_with_a_failed_job
from prometheus_client import CollectorRegistry

from service.assembly import ground
from service.console.app import add_console
from service.http.app import make_app
from service.http.server import listen, serve_http
from service.ledger import database
from service.ledger.patience import QUICK
from service.ledger.sql import SqlLedger

SETTINGS = """\
data_dir = "data"
[oidc]
issuer = "{issuer}"
client_id = "node"
role_claim = "groups"
roles = {{ staff = "viewer" }}
"""
LOCKED_MS = 300
"""How long a writer waits."""
QUEUE_S = 30.0
"""How long those wait that came later: this machine may be busy."""
STRANGERS = 45
"""More than there are threads."""


@pytest.fixture
def console(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_PRAGMAS", (f"busy_timeout={LOCKED_MS}", "journal_mode=WAL"))
    monkeypatch.setattr(ground, "QUICK", replace(QUICK, turn_s=QUEUE_S))
    with served(tmp_path) as found:
        yield found


def signing_in(browser, page) -> httpx.Response:
    return browser.post(
        "/sign-in", data={"csrf": csrf(page.text), "name": "viewer", "password": PASSWORD}
    )


def test_those_who_wait_to_be_signed_in_keep_nobody_from_looking(console):
    study_with_a_failed_job(console.ledger, "1.2.3")
    known = console.signed_in("viewer")
    strangers = [console.browser() for _ in range(STRANGERS)]
    pages = [one.get("/sign-in") for one in strangers]

    with ThreadPoolExecutor(STRANGERS) as waiting:
        with console.ledger.database.writing():
            asked = [*map(lambda *one: waiting.submit(signing_in, *one), strangers, pages)]
            time.sleep(1)  # by then they are in
            alive = known.get("/healthz", timeout=10)
            seen = known.get("/studies", timeout=10)
            still = [one.done() for one in asked]
        answers = {one.result().status_code for one in asked}

    assert not any(still)
    assert alive.status_code == 200
    assert "1.2.3" in seen.text
    assert answers == {303}


def test_a_ledger_that_is_slow_to_answer_strangers_keeps_nobody_else_waiting(console):
    asked, answers = threading.Event(), threading.Event()

    class Slow(SqlLedger):
        def users(self):
            asked.set()
            answers.wait(30)
            return super().users()

    door = replace(console.desk.door, ledger=Slow(console.ledger.database, console.ledger.now))
    app = add_console(make_app("1", CollectorRegistry(), list), replace(console.desk, door=door))
    server = serve_http(app, listen("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.port}"

    with ThreadPoolExecutor() as waiting:
        late = waiting.submit(httpx.post, f"{url}/sign-in", timeout=60)
        assert asked.wait(30)
        alive = httpx.get(f"{url}/healthz", timeout=10)
        answers.set()
        late.result()
    server.stop()

    assert alive.status_code == 200


def test_a_provider_that_never_answers_keeps_nobody_from_looking(tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=STRANGERS) as silent:
        issuer = f"https://127.0.0.1:{silent.getsockname()[1]}"
        settings = SETTINGS.format(issuer=issuer)
        with served(tmp_path, settings=settings) as console, ThreadPoolExecutor(STRANGERS) as many:
            known, strangers = console.signed_in("viewer"), console.browser()
            asked = [many.submit(strangers.get, "/sign-in/oidc") for _ in range(STRANGERS)]
            time.sleep(1)  # by then they are in
            seen = known.get("/studies", timeout=8)
            still = [one.done() for one in asked]
            silent.close()

    assert seen.status_code == 200
    assert not any(still)


def test_what_cannot_be_written_down_is_not_done_and_the_page_says_why(console):
    job = study_with_a_failed_job(console.ledger)
    browser = console.signed_in("operator")
    word = csrf(browser.get("/account").text)

    file = console.ledger.database.file
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = browser.post(f"/jobs/{job.job_id}/retry", data={"csrf": word})

    assert answer.status_code == 503
    assert "database is locked" in answer.text
    assert console.ledger.job(job.job_id).state == "dead"
    assert browser.post(f"/jobs/{job.job_id}/retry", data={"csrf": word}).status_code == 303
