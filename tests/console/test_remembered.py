"""What many ask for at once, asked once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.console.remembered import Remembered
from service.errors import UnavailableError

MANY = 8


class Source:
    """Answers when it is let; while it is away, by a failure."""

    def __init__(self, *, away: bool) -> None:
        self.away = away
        self.asked = 0
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.asked += 1
        self.begun.set()
        assert self.let.wait(30)
        if self.away:
            raise UnavailableError("it is away")
        return self.asked


def asked_by_many(remembered, source):
    """Ask while one who asks already waits; return what all of them were told."""
    with ThreadPoolExecutor(1 + MANY) as people:
        first = people.submit(remembered)
        assert source.begun.wait(30)
        others = [people.submit(remembered) for _ in range(MANY)]
        time.sleep(0.3)  # by then they wait, too
        source.let.set()
        return [one.exception() or one.result() for one in (first, *others)]


def test_an_answer_is_that_of_all_who_waited_for_it_and_holds():
    source = Source(away=False)
    remembered = Remembered(source, 60)

    assert asked_by_many(remembered, source) == [1] * (1 + MANY)
    assert remembered() == 1


def test_a_failure_is_that_of_all_who_waited_for_it():
    source = Source(away=True)

    told = asked_by_many(Remembered(source, 60), source)

    assert [str(one) for one in told] == ["it is away"] * (1 + MANY)
    assert source.asked == 1


def test_a_failure_does_not_outlast_its_reason():
    source = Source(away=True)
    source.let.set()
    remembered = Remembered(source, 60)
    with pytest.raises(UnavailableError):
        remembered()

    source.away = False

    assert remembered() == 2


def test_an_answer_holds_for_so_long():
    source, seconds = Source(away=False), [0.0]
    source.let.set()
    remembered = Remembered(source, 5, lambda: seconds[0])

    found = []
    for seconds[0] in (0, 4.9, 5, 9):
        found.append(remembered())

    assert found == [1, 1, 2, 2]
