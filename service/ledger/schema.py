"""Which shape a ledger has: the newest migration that it has taken."""

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import BadConfigurationError

MIGRATIONS = "service.ledger:migrations"


def script_config() -> Config:
    """Return how Alembic finds our migrations."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    return config


def schemas() -> tuple[str, ...]:
    """Return the shapes that this release knows, the oldest first."""
    scripts = ScriptDirectory.from_config(script_config()).walk_revisions()
    return tuple(reversed([script.revision for script in scripts]))


def newest_schema() -> str:
    """Return the shape that this release works with."""
    return schemas()[-1]


def schema_of(connection: sa.Connection) -> str:
    """Return the shape of that database, empty if it is none of ours yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def must_know(schema: str, where: str | Path) -> None:
    """See that this release knows that shape.

    Raises:
        BadConfigurationError: if a newer release made it.
    """
    if schema and schema not in schemas():
        raise BadConfigurationError(
            f"{where} has schema {schema}, and this release knows up to {newest_schema()}: a newer "
            "Senoscope wrote it; install that one, or go back as docs/upgrades.md says"
        )
