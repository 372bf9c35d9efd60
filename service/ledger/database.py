"""One way to SQLite and PostgreSQL, from any thread of any process."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite
from typing_extensions import override

from service.errors import UnavailableError
from service.ledger.group_commit import GroupCommit, T, Work
from service.ledger.patience import USUAL, Patience
from service.ledger.same_file import SameFile
from service.ledger.turn import Turn
from service.secret import folder_for_us_alone

_DOWN = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,  # as a standby of PostgreSQL says that it can only be read
    exc.TimeoutError,
    sqlite3.OperationalError,
)
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk, not only in the log's page cache
)
_KEPT = 5
"""Connections that are left open when nobody uses them."""
_GONE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""PostgreSQL's host is gone when it acknowledges nothing for a minute, not after hours."""


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

    def __init__(
        self,
        url: str,
        patience: Patience = USUAL,
        turn: Callable[[], Turn] | None = None,
        same_file: SameFile | None = None,
    ) -> None:
        """Wait for it with that patience; `turn` and `same_file` are of others who use it here."""
        self._url = sa.make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._patience = patience
        self._others_turn = turn
        self._same_file = same_file or SameFile(Path(self._url.database or ""))
        self._opening = Lock()
        self._opened: _Opened | None = None
        self._forsaken: list[_Opened] = []
        self._others: list[Database] = []

    @override
    def __str__(self) -> str:
        """Return where it is, without a password."""
        return str(self.file or self._url.render_as_string(hide_password=True))

    @property
    def file(self) -> Path | None:
        """SQLite's file; None where it is another database."""
        return Path(self._url.database or "") if self._is_sqlite else None

    @property
    def url(self) -> sa.URL:
        """Where it is; may hold a password."""
        return self._url

    def within(self, patience: Patience) -> "Database":
        """Return the same for those who wait no longer; whoever closes this one closes it too."""
        url = self._url.render_as_string(hide_password=False)
        other = Database(url, patience, lambda: self._here().turn, self._same_file)
        self._others.append(other)
        return other

    @contextmanager
    def one_state(self) -> Iterator[sa.Connection]:
        """Give a connection to PostgreSQL all of whose queries see the same state.

        Raises:
            UnavailableError: if the database is down.
        """
        with unavailable(), self._here().engine.connect() as plain:
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state of the database; it delays no writer.

        Raises:
            UnavailableError: if the database is down, locked or full.
        """
        with unavailable(), self._here().engine.connect() as plain:
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
        with unavailable():
            if not self._is_sqlite:
                with here.engine.begin() as connection:
                    yield connection
                return
            turn = here.turn.taken(self._patience.turn_s)
            with turn, here.engine.begin() as connection:
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
                folder_for_us_alone(path.parent)
                flock(held.enter_context(path.with_suffix(".lock").open("wb")), LOCK_EX)
            except OSError as error:
                raise UnavailableError(f"ledger: cannot use {path}: {error.strerror}") from error
            yield

    def insert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """Return an INSERT into `table` that can say what to do on a conflict."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        for other in self._others:
            other.close()
        with self._opening:
            if self._opened is not None and self._opened.pid == os.getpid():
                self._opened.engine.dispose()
                if self._others_turn is None:
                    self._opened.turn.close()
                    self._same_file.forget()
                self._opened = None

    def _here(self) -> _Opened:
        """Return what this process holds; a fork leaves the parent's alone, not even closed."""
        with self._opening:
            if self._opened is not None and self._opened.pid != os.getpid():
                self._forsaken.append(self._opened)
                self._opened = None
            if self._opened is None:
                self._opened = _Opened(self._engine(), self._turn())
            return self._opened

    def _turn(self) -> Turn:
        if self._others_turn is not None:
            return self._others_turn()
        return Turn(Path(self._url.database or "").with_suffix(".turn"))

    def _engine(self) -> sa.Engine:
        if not self._is_sqlite:
            return self._postgresql()
        engine = sa.create_engine(
            self._url,
            hide_parameters=True,
            pool_size=_KEPT,
            max_overflow=-1,
            pool_use_lifo=True,
            connect_args={"timeout": self._patience.lock_s},
        )
        sa.event.listen(engine, "do_connect", lambda *_: self._same_file.check())
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        for moment in ("begin", "commit"):
            sa.event.listen(engine, moment, lambda _: self._same_file.check())
        return engine

    def _postgresql(self) -> sa.Engine:
        chosen = {"connect_timeout": self._patience.connect_s, **_GONE}
        engine = sa.create_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=_KEPT,
            max_overflow=self._patience.connections - _KEPT,
            pool_timeout=self._patience.turn_s,
            connect_args={key: chosen[key] for key in chosen.keys() - self._url.query.keys()},
        )
        if self._patience.answer_s is not None:
            from service.ledger.impatient import make_impatient  # noqa: PLC0415 - an extra

            make_impatient(engine, self._patience.answer_s)
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
def unavailable() -> Iterator[None]:
    """Turn what a database that is down, locked or full says into this node's words."""
    try:
        yield
    except _DOWN as error:
        reason = getattr(error, "orig", None) or error
        raise UnavailableError(f"ledger: {str(reason).strip()}") from error
    except (exc.DatabaseError, sqlite3.DatabaseError) as error:
        reason = getattr(error, "orig", None) or error
        if type(reason) is not sqlite3.DatabaseError:  # those derived from it are our own mistakes
            raise
        raise UnavailableError(f"ledger: {reason} (docs/backup.md: restore a backup)") from error
