"""One way to SQLite and PostgreSQL, from any thread of any process."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite

from service.errors import UnavailableError
from service.ledger.group_commit import GroupCommit, T, Work
from service.ledger.turn import Turn

BUSY_TIMEOUT_MS = 30_000
"""How long SQLite waits for another process's transaction."""

_DOWN = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,  # as a standby of PostgreSQL says that it can only be read
    exc.TimeoutError,
    sqlite3.OperationalError,
)
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk, not only in the log's page cache
)


@dataclass(slots=True)
class _Opened:
    """What one process holds; a forked child must touch none of it."""

    engine: sa.Engine
    turn: Turn
    """To write, where it is SQLite."""
    pid: int = field(default_factory=os.getpid)
    group: GroupCommit = field(default_factory=GroupCommit)


class Database:
    """A database by its URL; connections are opened as needed, anew after a fork."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._opening = Lock()
        self._opened: _Opened | None = None
        self._forsaken: list[_Opened] = []

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state of the database; it delays no writer.

        Raises:
            UnavailableError: if the database is down, locked or full.
        """
        with _unavailable(), self._here().engine.connect() as plain:
            connection = plain.execution_options(reading=True)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that is durable when the block is left.

        Raises:
            UnavailableError: if the database is down, locked or full.
        """
        here = self._here()
        with _unavailable():
            if not self._is_sqlite:
                with here.engine.begin() as connection:
                    yield connection
                return
            with here.turn.taken(), here.engine.begin() as connection:
                yield connection

    def together(self, work: Work[T]) -> T:
        """Return what `work` does in a transaction that other threads may share, durable by then.

        Raises:
            UnavailableError: if the database is down, locked or full.
        """
        if not self._is_sqlite:  # PostgreSQL syncs for several connections at a time by itself
            with self.writing() as connection:
                return work(connection)
        return self._here().group.run(work, self.writing)

    @contextmanager
    def first_use(self) -> Iterator[None]:
        """Let one process at a time set the database up: SQLite cannot switch to its log in two.

        Raises:
            UnavailableError: if the folder of SQLite's file cannot be used.
        """
        if not self._is_sqlite:
            yield
            return
        path = Path(self._url.database or "")
        with ExitStack() as held:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                flock(held.enter_context(path.with_suffix(".lock").open("wb")), LOCK_EX)
            except OSError as error:
                raise UnavailableError(f"ledger: cannot use {path}: {error.strerror}") from error
            yield

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """Return an INSERT into `table` that can say what to do on a conflict."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        with self._opening:
            if self._opened is not None and self._opened.pid == os.getpid():
                self._opened.engine.dispose()
                self._opened.turn.close()
                self._opened = None

    def _here(self) -> _Opened:
        """Return what this process holds; a fork leaves the parent's alone, not even closed."""
        with self._opening:
            if self._opened is not None and self._opened.pid != os.getpid():
                self._forsaken.append(self._opened)
                self._opened = None
            if self._opened is None:
                path = Path(self._url.database or "")
                self._opened = _Opened(self._engine(), Turn(path.with_suffix(".turn")))
            return self._opened

    def _engine(self) -> sa.Engine:
        if not self._is_sqlite:
            return sa.create_engine(
                self._url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=20
            )
        engine = sa.create_engine(
            self._url, hide_parameters=True, pool_size=5, max_overflow=-1, pool_use_lifo=True
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:  # noqa: ANN401 SQLAlchemy's
    del record
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: a read lock that turns into one can only fail."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except _DOWN as error:
        reason = getattr(error, "orig", None) or error
        raise UnavailableError(f"ledger: {str(reason).strip()}") from error
