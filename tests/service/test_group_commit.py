"""Writing together: who is done goes on, who comes later is written next, who fails fails alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

import pytest
import sqlalchemy as sa
from peers.programs import until

from service.errors import BadObjectError, UnavailableError
from service.ledger.group_commit import GroupCommit

MANY = 8


class Disk:
    """Transactions that are durable one after another, each when it is let; without a database."""

    def __init__(self) -> None:
        self.let = threading.Semaphore(0)
        self.begun = 0
        self.fails = False

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        self.begun += 1
        yield cast("sa.Connection", None)
        if not self.let.acquire(timeout=30):
            raise TimeoutError
        if self.fails:
            raise UnavailableError("the disk is full")


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_who_comes_while_others_are_written_is_written_in_the_next_transaction(disk):
    commit, written = GroupCommit(), list[int]()

    def write(number: int) -> Any:
        return commit.run(lambda _: written.append(number), disk.writing)

    with ThreadPoolExecutor(MANY) as threads:
        first = threads.submit(write, 0)
        until(lambda: disk.begun == 1)
        later = [threads.submit(write, number) for number in range(1, MANY)]
        until(lambda: len(commit.waiting) == MANY - 1)
        disk.let.release()
        first.result(timeout=30)
        until(lambda: disk.begun == 2)
        assert not any(one.done() for one in later)
        disk.let.release()
        for one in later:
            one.result(timeout=30)

    assert sorted(written) == list(range(MANY))
    assert disk.begun == 2


def test_who_is_written_does_not_wait_for_the_next_transaction(disk):
    commit = GroupCommit()
    with ThreadPoolExecutor(MANY) as threads:
        first = threads.submit(commit.run, lambda _: 1, disk.writing)
        until(lambda: disk.begun == 1)
        second = [threads.submit(commit.run, lambda _: 2, disk.writing) for _ in range(3)]
        until(lambda: len(commit.waiting) == 3)
        disk.let.release()
        until(lambda: disk.begun == 2)
        third = threads.submit(commit.run, lambda _: 3, disk.writing)
        until(lambda: len(commit.waiting) == 1)
        disk.let.release()

        assert [first.result(30), *(one.result(30) for one in second)] == [1, 2, 2, 2]
        assert not third.done()
        disk.let.release()
        assert third.result(timeout=30) == 3


def test_who_fails_fails_alone_and_a_broken_transaction_fails_for_all(disk):
    commit = GroupCommit()

    def refuse(_: sa.Connection) -> None:
        raise BadObjectError("no UID")

    disk.let.release()
    with pytest.raises(BadObjectError, match="no UID"):
        commit.run(refuse, disk.writing)
    disk.fails = True
    disk.let.release()
    with pytest.raises(UnavailableError, match="full"):
        commit.run(lambda _: 1, disk.writing)
    disk.fails = False
    disk.let.release()
    assert commit.run(lambda _: 1, disk.writing) == 1
