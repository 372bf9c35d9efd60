"""The ledger as it is at one moment, as a file; and the way back."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from service.errors import BadConfigurationError, UnavailableError
from service.ledger.database import Database, unavailable
from service.ledger.disk import disk_errors, sync_path
from service.ledger.schema import newest_schema, schema_of
from service.ledger.sqlite_copy import check_sqlite, copy_sqlite
from service.ledger.tables import metadata

_CLIENT = "install PostgreSQL's client of the server's version (Debian: postgresql-client)"
_DUMP = ("--format=custom", "--no-owner", "--no-privileges", "--no-password")
_LOAD = ("--no-owner", "--no-privileges", "--no-password", "--exit-on-error")


class LedgerKind(StrEnum):
    """What a ledger is kept in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def kind_of(database: Database) -> LedgerKind:
    """Return what that ledger is kept in."""
    return LedgerKind.SQLITE if database.file is not None else LedgerKind.POSTGRESQL


@contextmanager
def snapshot(database: Database, target: Path) -> Iterator[sa.Connection]:
    """Write the ledger as it is at one moment to `target`, and give a view of that same moment.

    Raises:
        BadConfigurationError: if its schema is not that of this release, or a program is missing.
        UnavailableError: if it is down, or cannot be written.
    """
    taken = _of_sqlite if database.file is not None else _of_postgresql
    with unavailable(), taken(database, target) as connection:
        schema = schema_of(connection)
        if schema != newest_schema():
            raise BadConfigurationError(
                f"the ledger {database} has schema {schema or 'none'}, and this release works with "
                f"{newest_schema()}: back it up with the release that wrote it"
            )
        yield connection


def check_snapshot(kind: LedgerKind, path: Path) -> None:
    """See that a snapshot can be read to its end.

    Raises:
        BadConfigurationError: if not, or a program is missing.
    """
    if kind is LedgerKind.SQLITE:
        check_sqlite(path)
        return
    command = [_program("pg_restore"), "--list", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        raise BadConfigurationError(f"{path} is no whole dump of a database")


def load_snapshot(database: Database, path: Path) -> None:
    """Make the ledger what it was; what is in PostgreSQL goes, a file of SQLite must not be there.

    Tables that the snapshot lacks go too: they would be in the way of the steps that make them.

    Raises:
        BadConfigurationError: if a program is missing.
        UnavailableError: if the database is down, or the disk fails.
    """
    if database.file is None:
        named, secret = _connection_of(database)
        command = [_program("pg_restore"), *_LOAD, "--single-transaction"]
        _run([*command, "--clean", "--if-exists", f"--dbname={named}", str(path)], secret)
        _drop_others(database, _tables_in(path))
        return
    with disk_errors(database.file.parent):
        for ending in ("-wal", "-shm"):  # of another file of that name, they would be taken for its
            database.file.with_name(database.file.name + ending).unlink(missing_ok=True)
        growing = database.file.with_suffix(".restored")
        shutil.copyfile(path, growing)
        sync_path(growing)
        growing.replace(database.file)
        sync_path(database.file.parent)


def is_empty(database: Database) -> bool:
    """Tell whether there is no ledger yet.

    Raises:
        UnavailableError: if it is down.
    """
    if database.file is not None:
        return not database.file.exists()
    with database.reading() as connection:
        return not schema_of(connection)


@contextmanager
def _of_sqlite(database: Database, target: Path) -> Iterator[sa.Connection]:
    copy_sqlite(Path(database.url.database or ""), target)
    address = f"sqlite:///file:{target.resolve()}?mode=ro&immutable=1&uri=true"
    engine = sa.create_engine(address, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _of_postgresql(database: Database, target: Path) -> Iterator[sa.Connection]:
    named, secret = _connection_of(database)
    program = _program("pg_dump")
    with database.one_state() as connection:
        moment = connection.scalar(sa.select(sa.func.pg_export_snapshot()))
        where = [f"--snapshot={moment}", f"--file={target}", f"--dbname={named}"]
        _run([program, *_DUMP, *where], secret)
        with disk_errors(target.parent):
            target.chmod(0o600)
            sync_path(target)
        yield connection


def _tables_in(dump: Path) -> Collection[str]:
    """Return the names of the tables in a dump, as ``215; 1259 16386 TABLE public studies ada``."""
    command = [_program("pg_restore"), "--list", str(dump)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    lines = (line.split() for line in done.stdout.splitlines())
    return {words[5] for words in lines if words[3:4] == ["TABLE"] and words[4] != "DATA"}


def _drop_others(database: Database, kept: Collection[str]) -> None:
    """Drop the tables of this release that are not among these."""
    others = [table for table in metadata.sorted_tables if table.name not in kept]
    with database.writing() as connection:
        metadata.drop_all(connection, tables=others)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BadConfigurationError(f"the ledger is PostgreSQL, and there is no {name}: {_CLIENT}")
    return found


def _connection_of(database: Database) -> tuple[str, Mapping[str, str]]:
    """Return how libpq finds the database, and what must not be seen in a list of processes."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - an extra

    url = database.url
    named = {**url.translate_connect_args(username="user", database="dbname"), **url.query}
    named.pop("password", None)
    password = {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    return make_conninfo(**named), password


def _run(command: Sequence[str], secret: Mapping[str, str]) -> None:
    environment = {**os.environ, **secret}  # noqa: TID251 - what libpq is set up with, too
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's, and no shell
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit {done.returncode}"
        raise UnavailableError(f"ledger: {Path(command[0]).name}: {said}")
