"""A ledger of any earlier release is brought to this one's shape, with all that is in it."""

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa
from alembic import command
from clock import Clock
from working import plain_image, row_of

from service.errors import BadConfigurationError, UnavailableError
from service.ledger.schema import newest_schema, schema_of, schemas, script_config
from service.ledger.sql import open_ledger
from service.ledger.sqlite_copy import BEFORE_UPGRADES, KEPT_COPIES

EARLIER = schemas()[:-1]
UID = "1.2.840.99999.1"


def plain_engine(url):
    return sa.create_engine(url)


def make(url, schema):
    """Make a ledger of that schema, with a row in each of its tables."""
    engine = plain_engine(url)
    with engine.begin() as connection:
        config = script_config()
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.tables.values():
            if table.name != "alembic_version":
                connection.execute(
                    table.insert().values({c.name: value_for(c) for c in table.columns})
                )
    engine.dispose()
    return {name: len(table.columns) for name, table in tables.tables.items()}


NAMED = {"state": "done", "role": "admin", "severity": "warning"}
VALUES = {bool: True, int: 7, float: 1_700_000_000.0, str: UID, object: []}
"""By the type of a column."""


def value_for(column):
    return NAMED.get(column.name, VALUES[column.type.python_type])


def rows(url):
    engine = plain_engine(url)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for name, table in tables.tables.items()
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("schema", EARLIER)
def test_a_ledger_with_rows_is_brought_from_every_schema_to_the_newest(ledger_url, schema):
    before = make(ledger_url, schema)

    with closing(open_ledger(ledger_url, Clock())) as ledger:
        with ledger.database.reading() as connection:
            assert schema_of(connection) == newest_schema()
        assert [one.sop_instance_uid for one in ledger.instances(UID)] == [UID]
        assert [study.study_instance_uid for study in ledger.studies()] == [UID]
        ledger.record(row_of(plain_image("1.2.3")))

    after = rows(ledger_url)
    assert {name for name in before if not after.get(name)} <= {"sessions", "workers"}


def test_of_the_users_that_one_person_became_the_first_is_kept(ledger_url):
    make(ledger_url, "0013")
    engine = plain_engine(ledger_url)
    with engine.begin() as connection:
        second = (
            "INSERT INTO users (name, role, password, created_at, password_at, subject) "
            "SELECT 'second', role, password, created_at + 1, password_at, subject FROM users"
        )
        connection.execute(sa.text(second))
        connection.execute(sa.text("UPDATE sessions SET \"user\" = 'second'"))
    engine.dispose()

    with closing(open_ledger(ledger_url, Clock())) as ledger:
        assert [user.name for user in ledger.users()] == [UID]

    assert not rows(ledger_url)["sessions"]


def test_a_copy_is_kept_before_the_shape_changes_and_the_oldest_go(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    clock = Clock()
    for _ in range(KEPT_COPIES + 1):
        clock.pass_(60)
        (tmp_path / "ledger.sqlite").unlink(missing_ok=True)
        make(url, EARLIER[-1])
        open_ledger(url, clock).close()

    copies = sorted((tmp_path / BEFORE_UPGRADES).iterdir())

    assert len(copies) == KEPT_COPIES
    assert copies[-1].name == f"ledger-20260102T000400Z-{EARLIER[-1]}.sqlite"
    with closing(sqlite3.connect(copies[-1])) as copy:
        assert copy.execute("SELECT sop_instance_uid FROM instances").fetchall() == [(UID,)]
    open_ledger(url, clock).close()
    assert sorted((tmp_path / BEFORE_UPGRADES).iterdir()) == copies


def test_the_way_back_is_the_copy(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    make(url, EARLIER[-1])
    open_ledger(url, Clock()).close()
    (copy,) = (tmp_path / BEFORE_UPGRADES).iterdir()

    copy.replace(tmp_path / "ledger.sqlite")

    with plain_engine(url).connect() as connection:
        assert schema_of(connection) == EARLIER[-1]


def test_without_room_for_a_copy_the_ledger_stays_as_it_is(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    make(url, EARLIER[-1])
    (tmp_path / BEFORE_UPGRADES).write_text("no folder can be made here")

    with pytest.raises(UnavailableError):
        open_ledger(url, Clock())

    with plain_engine(url).connect() as connection:
        assert schema_of(connection) == EARLIER[-1]


def test_a_ledger_of_a_newer_release_is_refused_and_stays_as_it_is(ledger_url):
    open_ledger(ledger_url, Clock()).close()
    engine = plain_engine(ledger_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    before = rows(ledger_url)

    with pytest.raises(BadConfigurationError, match=r"schema 9999.* a newer Senoscope wrote it"):
        open_ledger(ledger_url, Clock())

    assert rows(ledger_url) == before
    engine.dispose()


def test_a_database_of_somebody_else_is_not_taken_for_a_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database at all, but it is long enough to look at" * 100)

    with pytest.raises(UnavailableError, match=r"ledger: file is not a database .*restore"):
        open_ledger(f"sqlite:///{path}", Clock())
