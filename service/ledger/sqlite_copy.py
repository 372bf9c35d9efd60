"""Copies of SQLite's file, whole and of one moment, while others write to it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from service.errors import BadConfigurationError, UnavailableError
from service.ledger.disk import disk_errors, make_folder, sync_path

BEFORE_UPGRADES = "before-upgrades"
"""The folder beside the ledger of the copies that are made before its shape changes."""
KEPT_COPIES = 3
STAMP = "%Y%m%dT%H%M%SZ"
_BUSY_S = 30.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy the database at `source` as it is at one moment; `target` is one file, and durable.

    Raises:
        UnavailableError: if it is not there or locked, or the disk of `target` fails or is full.
    """
    with disk_errors(target.parent):
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with _told(source), closing(_opened(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # its log would be a second file
    with disk_errors(target.parent):
        sync_path(target)
        sync_path(target.parent)


def check_sqlite(path: Path) -> None:
    """See that the pages of a copy are whole; nothing is written to it.

    Raises:
        BadConfigurationError: if they are not.
    """
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise BadConfigurationError(f"{path} is no whole database: {found}")


def keep_copy(ledger: Path, schema: str, now: datetime) -> Path:
    """Copy the ledger before its shape changes; the newest few copies stay.

    Raises:
        UnavailableError: if that cannot be done now: then the shape is not to be changed.
    """
    folder = ledger.parent / BEFORE_UPGRADES
    with disk_errors(folder):
        make_folder(folder)
    path = folder / f"ledger-{now:{STAMP}}-{schema}.sqlite"
    growing = folder / "growing.part"
    copy_sqlite(ledger, growing)
    with disk_errors(folder):
        growing.replace(path)
        sync_path(folder)
        for old in sorted(folder.glob("ledger-*.sqlite"))[:-KEPT_COPIES]:
            old.unlink(missing_ok=True)
    return path


def _opened(source: Path) -> sqlite3.Connection:
    """Open a database that is there: SQLite would make one that is not."""
    return sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)


@contextmanager
def _told(source: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UnavailableError(f"ledger: cannot copy {source}: {error}") from error
