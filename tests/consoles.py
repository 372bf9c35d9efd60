"""A console over a ledger of its own, served as the node does, without the node's other parts."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
from argon2 import PasswordHasher
from clock import now as time_of_now
from fastapi import FastAPI
from one_route import ROUTES
from prometheus_client import CollectorRegistry
from working import job_of, plain_image, row_of

from service.checks import run_checks
from service.console.app import add_console
from service.console.desk import Desk
from service.console.passwords import Passwords
from service.console.person import Person
from service.http.app import make_app
from service.http.server import listen, serve_http
from service.ledger.people import Role
from service.ledger.records import Decision, DeliveryState, Job, Refusal, Result
from service.ledger.sql import SqlLedger
from service.parts import Parts
from service.settings import load_settings

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody but tests
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
SETUP = Person("set-up", Role.ADMIN, "")
SETTINGS = 'data_dir = "data"\n'

VALUES_OF_PARTS = {
    "{study}": "1.2.3",
    "{job_id}": "job",
    "{name}": "nobody",
    "{label}": "none",
    "{number}": "99",
    "{image}": "1.2.3.4",
    "{level}": "0",
    "{column}": "0",
    "{row}": "0",
}
"""What stands in addresses for their parts."""


@dataclass(frozen=True)
class Console:
    """The application, and what it stands on."""

    app: FastAPI
    desk: Desk
    url: str

    @property
    def ledger(self) -> SqlLedger:
        return self.desk.ledger

    def add(self, name: str, role: Role) -> None:
        """Let somebody sign in."""
        self.desk.deeds.add_user(SETUP, name, role, PASSWORD)

    def browser(self) -> httpx.Client:
        """Return a browser that nobody has signed in with; it follows no redirects."""
        return httpx.Client(base_url=self.url, headers=PAGE, limits=ALONE, timeout=60)

    def signed_in(self, name: str) -> httpx.Client:
        """Return a browser that `name` signed in with."""
        browser = self.browser()
        answer = sign_in(browser, name, PASSWORD)
        assert answer.status_code == 303, answer.text
        return browser

    def program(self, name: str) -> httpx.Client:
        """Return a program with a token of `name`."""
        label = f"t{len(self.ledger.api_tokens(name))}"
        token = self.desk.deeds.add_token(SETUP, name, label)
        shown = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=shown, limits=ALONE, timeout=60)

    def actions(self) -> list[tuple[str, str, str]]:
        """Return who did what with which outcome, the newest first."""
        return [(one.who, one.action, one.outcome) for one in self.ledger.audit()]


PAGE = {"Accept": "text/html"}
ALONE = httpx.Limits(max_keepalive_connections=0)


@contextmanager
def served(
    folder: Path,
    now: Callable[[], datetime] | None = None,
    pacs: int = 1,
    settings: str = SETTINGS,
) -> Iterator[Console]:
    """Serve a console in `folder` that three people may use: viewer, operator and admin."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "senoscope.toml").write_text(settings)
    (folder / "routes.toml").write_text(ROUTES.format(pacs=pacs))
    parts = Parts(load_settings(folder / "senoscope.toml"))
    desk = by_clock(parts.desk(), now or time_of_now)
    checks = parts.readiness.checks()
    app = make_app("1.2.3", CollectorRegistry(), lambda: run_checks(checks), [parts.stow()])
    server = serve_http(add_console(app, desk), listen("127.0.0.1", 0))
    console = Console(app, desk, f"http://127.0.0.1:{server.port}")
    for role in Role:
        console.add(str(role), role)
    try:
        yield console
    finally:
        server.stop()
        parts.ledger.close()


def by_clock(desk: Desk, now: Callable[[], datetime]) -> Desk:
    """Return `desk` by another clock, and with hashes that cost little."""
    ledger = SqlLedger(desk.ledger.database, now)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    door = replace(desk.door, ledger=ledger, now=now, passwords=passwords)
    patient = SqlLedger(desk.deeds.ledger.database, now)
    deeds = replace(desk.deeds, ledger=patient, now=now, passwords=passwords)
    return replace(desk, ledger=ledger, door=door, deeds=deeds, now=now)


def sign_in(browser: httpx.Client, name: str, password: str):
    """Fill in the form of the sign-in page."""
    page = browser.get("/sign-in")
    return browser.post(
        "/sign-in", data={"csrf": csrf(page.text), "name": name, "password": password}
    )


def csrf(page: str) -> str:
    """Return what forms of that page bring along."""
    return CSRF.search(page)[1]


def post(browser: httpx.Client, page: str, address: str, **fields: str):
    """Press a button of that page."""
    return browser.post(address, data={"csrf": csrf(browser.get(page).text), **fields})


def study_with_a_failed_job(ledger: SqlLedger, uid: str = "1.2.3") -> Job:
    """Write down a study of one image whose job could not be done."""
    job = _studied(ledger, uid)
    ledger.refuse_job(ledger.claim("worker", job.job_id), "it has no pixels")
    ledger.refuse(Refusal("MG1", f"{uid}.7", uid, 0xC000, "cut short", ledger.now()))
    return job


def study_with_results(ledger: SqlLedger, uid: str = "1.2.4", *, sent: bool = False) -> Job:
    """Write down a study whose result is owed to the PACS, or was sent."""
    job = _studied(ledger, uid)
    result = Result(f"{uid}.99", "1.2.840", f"{uid}.9", uid, "1.2.840.1", 1000, "cad-sr", ("pacs",))
    ledger.finish(ledger.claim("worker", job.job_id), [result], {"enlarge": 1.5, "write": 0.25})
    (delivery,) = ledger.deliveries(uid)
    if sent:
        ledger.sent(delivery)
    else:
        ledger.note_unreachable("pacs", "connection refused")
    assert ledger.deliveries(uid)[0].state is (DeliveryState.SENT if sent else DeliveryState.OWED)
    return job


def _studied(ledger: SqlLedger, uid: str) -> Job:
    now = ledger.now()
    image = plain_image(f"{uid}.1", uid)
    ledger.record(row_of(image, received_at=now))
    job = job_of(image, "super-resolution", created_at=now, run_at=now)
    taken = Decision(f"{uid}.1", "everything", job.pipeline, True, "", job.job_id, now)  # noqa: FBT003
    ledger.decide([taken], [job])
    return job


def filled(path: str) -> str:
    """Return an address that could be asked."""
    for name, value in VALUES_OF_PARTS.items():
        path = path.replace(name, value)
    assert "{" not in path
    return path
