"""Writing together what several threads want written: one sync of the disk for all of them."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import sqlalchemy as sa

from service.errors import NodeError, UnavailableError

T = TypeVar("T")
Work = Callable[[sa.Connection], T]
"""Writes something and returns what came of it; raises a NodeError only before it wrote."""
Writing = Callable[[], AbstractContextManager[sa.Connection]]


@dataclass(slots=True)
class _Wish(Generic[T]):
    work: Work[T]
    found: T | None = None
    error: NodeError | None = None
    done: bool = False
    turn: threading.Event = field(default_factory=threading.Event)
    """Set when it is done, or when it is its turn to write for all that wait."""

    def attempt(self, connection: sa.Connection) -> None:
        try:
            self.found = self.work(connection)
        except NodeError as error:
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self.found)


@dataclass(slots=True)
class GroupCommit:
    """Who comes first writes for all that wait by then; they hear of it when it is durable.

    Each has an event of its own: whose wish is done goes on while the next ones are written.
    """

    waiting: list[_Wish[object]] = field(default_factory=list)
    """What the next transaction writes."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_writing: bool = False

    def run(self, work: Work[T], writing: Writing) -> T:
        """Return what `work` does, in a transaction that is durable by then.

        Raises:
            NodeError: what `work` raised; others of the group are written nevertheless.
            UnavailableError: if the transaction failed, for each of the group.
        """
        wish = _Wish(work)
        with self._lock:
            self.waiting.append(cast("_Wish[object]", wish))
            if not self._is_writing:
                self._is_writing = True
                wish.turn.set()
        wish.turn.wait()
        if not wish.done:
            self._write_all(writing)
        return wish.outcome()

    def _write_all(self, writing: Writing) -> None:
        with self._lock:
            group, self.waiting = self.waiting, []
        failed: NodeError | None = UnavailableError("ledger: the transaction was broken off")
        try:
            with writing() as connection:
                for wish in group:
                    wish.attempt(connection)
            failed = None
        except UnavailableError as error:
            failed = error
        finally:
            for wish in group:
                wish.error = failed or wish.error
                wish.done = True
            self._pass_on()
            for wish in group:
                wish.turn.set()

    def _pass_on(self) -> None:
        """Let one of those that came meanwhile write for all of them."""
        with self._lock:
            self._is_writing = bool(self.waiting)
            if self.waiting:
                self.waiting[0].turn.set()
