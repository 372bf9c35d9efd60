"""How long who asks waits for a database that does not answer."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
import sqlalchemy as sa

from service.clock import now
from service.errors import UnavailableError
from service.ledger.database import Database
from service.ledger.migrate import LOCK as MIGRATING
from service.ledger.patience import QUICK, USUAL
from service.ledger.sql import open_ledger

SLEEP = sa.text("SELECT pg_sleep(:seconds)")
HURRIED = replace(QUICK, answer_s=0.5)


@pytest.fixture
def database(postgresql):
    with closing(Database(postgresql.database())) as made:
        yield made


def slept(database, seconds):
    with database.reading() as connection:
        connection.execute(SLEEP, {"seconds": seconds})


def test_who_only_asks_does_not_wait_for_a_statement_that_takes_long(database):
    hurried = database.within(HURRIED)

    with pytest.raises(UnavailableError, match="statement timeout"):
        slept(hurried, 60)

    slept(hurried, 0)


def test_who_only_asks_does_not_wait_for_a_server_that_is_frozen(database, postgresql):
    hurried = database.within(HURRIED)
    slept(hurried, 0)

    with postgresql.frozen(), pytest.raises(UnavailableError, match="timeout expired"):
        slept(hurried, 0)

    slept(hurried, 0)


@pytest.mark.parametrize("patience", [USUAL, QUICK])
def test_so_many_connections_are_taken_of_postgresql_at_a_time_and_no_more(database, patience):
    hurried = database.within(replace(patience, turn_s=0.2))

    with ExitStack() as held:
        for _ in range(patience.connections):
            held.enter_context(hurried.reading())

        with pytest.raises(UnavailableError, match="limit"), hurried.reading():
            pass


def test_who_works_waits_for_the_answer(database):
    assert USUAL.answer_s is None

    slept(database, 1)


def test_who_only_asks_waits_for_another_that_brings_the_ledger_up_to_date(postgresql):
    url = postgresql.database()
    with closing(Database(url)) as other, ThreadPoolExecutor() as asking:
        with other.writing() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
            asked = asking.submit(open_ledger, url, now, patience=HURRIED)
            time.sleep(2)

        with closing(asked.result()) as ledger:
            ledger.ping()


def test_a_server_that_is_gone_without_a_word_is_given_up(database):
    with database.reading() as connection:
        number = connection.connection.dbapi_connection.fileno()
        with closing(socket.socket(fileno=os.dup(number))) as there:
            acknowledged = there.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            idle = there.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)

    assert (acknowledged, idle) == (60_000, 30)


def test_what_the_url_says_of_it_counts(postgresql):
    made = Database(f"{postgresql.database()}?keepalives_idle=7")
    with closing(made), made.reading() as connection:
        chosen = connection.connection.dbapi_connection.info.get_parameters()

    assert chosen["keepalives_idle"] == "7"
    assert chosen["connect_timeout"] == "10"
