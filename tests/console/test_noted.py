"""What people do and the note of it: both are written, or neither."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from clock import now
from consoles import PASSWORD, SETUP, csrf, served, study_with_a_failed_job, study_with_results
from sqlalchemy import exc

from service.console.deeds import Deeds
from service.console.door import Door, Times
from service.console.passwords import Passwords
from service.errors import UnavailableError
from service.ledger.patience import QUICK
from service.ledger.people import Role
from service.ledger.sql import open_ledger
from service.ledger.tables import audit, metadata

FAILED, SENT = "1.2.3", "1.2.4"
DEEDS = {
    "job.retry": lambda deeds, job: deeds.retry_job(SETUP, job),
    "job.cancel": lambda deeds, job: deeds.cancel_job(SETUP, job),
    "study.complete": lambda deeds, _: deeds.complete_study(SETUP, SENT),
    "study.reprocess": lambda deeds, _: deeds.reprocess_study(SETUP, SENT),
    "study.resend": lambda deeds, _: deeds.resend_study(SETUP, SENT, "pacs"),
    "delivery.retry": lambda deeds, _: deeds.retry_deliveries(SETUP, None, None),
    "user.add": lambda deeds, _: deeds.add_user(SETUP, "eve", Role.VIEWER, PASSWORD),
    "user.remove": lambda deeds, _: deeds.remove_user(SETUP, "ada"),
    "user.role": lambda deeds, _: deeds.change_role(SETUP, "ada", Role.OPERATOR),
    "user.password": lambda deeds, _: deeds.change_password(SETUP, "ada", PASSWORD[::-1]),
    "token.add": lambda deeds, _: deeds.add_token(SETUP, "ada", "second"),
    "token.remove": lambda deeds, _: deeds.remove_token(SETUP, "ada", "first"),
}


@pytest.fixture
def deeds(ledger_url):
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with closing(open_ledger(ledger_url, now)) as ledger:
        made = Deeds(ledger, passwords, now)
        made.add_user(SETUP, "ada", Role.VIEWER, PASSWORD)
        made.add_token(SETUP, "ada", "first")
        yield made


@contextmanager
def without_room_for_notes(database) -> Iterator[None]:
    """Let nothing be noted meanwhile."""
    with database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE audit RENAME TO elsewhere"))
    yield
    with database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO audit"))


def rows(database):
    """Return all that is written down, but for the notes."""
    with database.reading() as connection:
        return {
            table.name: sorted(map(str, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
            if table is not audit
        }


@pytest.mark.parametrize("action", DEEDS)
def test_what_cannot_be_noted_is_not_done(deeds, action):
    failed = study_with_a_failed_job(deeds.ledger, FAILED).job_id
    study_with_results(deeds.ledger, SENT)
    deeds.ledger.park(*deeds.ledger.deliveries(SENT), "it will not have it")
    if action == "job.cancel":
        deeds.retry_job(SETUP, failed)
    database = deeds.ledger.database
    before = rows(database)

    with without_room_for_notes(database), pytest.raises((UnavailableError, exc.ProgrammingError)):
        DEEDS[action](deeds, failed)

    assert rows(database) == before

    DEEDS[action](deeds, failed)

    assert rows(database) != before
    assert [(one.action, one.outcome) for one in deeds.ledger.audit(limit=1)] == [(action, "done")]


def test_nobody_is_signed_in_or_out_without_a_note(deeds):
    times = Times(timedelta(hours=1), timedelta(hours=1))
    door, database = Door(deeds.ledger, times, now, deeds.passwords), deeds.ledger.database
    token = door.sign_in("ada", PASSWORD, "127.0.0.1")
    before = rows(database)

    with without_room_for_notes(database):
        with pytest.raises((UnavailableError, exc.ProgrammingError)):
            door.sign_in("ada", PASSWORD, "127.0.0.1")
        with pytest.raises((UnavailableError, exc.ProgrammingError)):
            door.sign_out(token, SETUP)

    assert rows(database) == before


def test_who_does_something_waits_longer_for_the_ledger_than_who_only_asks(tmp_path):
    with served(tmp_path) as console, ThreadPoolExecutor() as waiting:
        job = study_with_a_failed_job(console.ledger)
        browser = console.signed_in("operator")
        word = csrf(browser.get("/account").text)

        with closing(sqlite3.connect(console.ledger.database.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            address, said = f"/jobs/{job.job_id}/retry", {"csrf": word}
            asked = waiting.submit(browser.post, address, data=said)
            time.sleep(QUICK.lock_s + QUICK.turn_s + 1)
        answer = asked.result()

        assert answer.status_code == 303
        assert console.ledger.job(job.job_id).state == "queued"
        assert ("operator", "job.retry", "done") in console.actions()
