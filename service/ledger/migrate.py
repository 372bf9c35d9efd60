"""Bringing a database to the shape of `tables`."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from service.ledger.database import Database

_LOCK = 0x5E05C0BE
"""Any number, as long as it is ours: PostgreSQL's advisory lock."""


def migrate(database: Database) -> None:
    """Take every step that `database` has not taken yet; several processes may ask at once."""
    with database.first_use(), database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = Config()
        config.set_main_option("script_location", "service.ledger:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
