"""Bringing a database to the shape of `tables`."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import sqlalchemy as sa
from alembic import command

from service.ledger.database import Database
from service.ledger.patience import USUAL
from service.ledger.schema import must_know, newest_schema, schema_of, script_config
from service.ledger.sqlite_copy import keep_copy

LOCK = 0x5E05C0BE
"""Any number, as long as it is ours: PostgreSQL's advisory lock."""


MayBegin = Callable[[str], None]
"""Is told the name of a ledger that is about to be made anew; raises where that would be wrong."""


def always(ledger: str) -> None:
    """Let it be made."""
    del ledger


def migrate(database: Database, now: Callable[[], datetime], may_begin: MayBegin = always) -> None:
    """Take every step that `database` has not taken yet; several processes may ask at once.

    A copy of SQLite's file is kept before an older shape is left. However impatient who asks is, a
    step takes its time, and another process that is at it is waited for.

    Raises:
        BadConfigurationError: if a newer release has taken steps that this one does not know, or
            it is new and may not be.
        UnavailableError: if it is down, locked or full.
    """
    with database.first_use():
        with database.writing() as connection:
            schema = schema_of(connection)
        if schema == newest_schema():
            return
        must_know(schema, f"the ledger {database}")
        if schema and database.file is not None:
            keep_copy(database.file, schema, now())
        with closing(database.within(USUAL)) as patient, patient.writing() as connection:
            _upgrade(connection, lambda: may_begin(str(database)))


def _upgrade(connection: sa.Connection, may_begin: Callable[[], None]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    if not schema_of(connection):  # another process may have made it meanwhile, and begun
        may_begin()
    config = script_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
