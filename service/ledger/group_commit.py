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
    """Who comes first writes for all that wait by then; they hear of it when it is durable."""

    _waiting: list[_Wish[object]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self, work: Work[T], writing: Writing) -> T:
        """Return what `work` does, in a transaction that is durable by then.

        Raises:
            NodeError: what `work` raised; others of the group are written nevertheless.
            UnavailableError: if the transaction failed, for each of the group.
        """
        wish = _Wish(work)
        with self._lock:
            self._waiting.append(cast("_Wish[object]", wish))
        with self._turn:
            if not wish.done:
                self._write_all(writing)
        return wish.outcome()

    def _write_all(self, writing: Writing) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
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
