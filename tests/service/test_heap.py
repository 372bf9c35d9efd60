"""A process that lives for months does not hold what it needs no more."""

import gc
import threading
import weakref

import pytest
from clock import Clock

from service.heap import ALL_EVERY, EVERY_S, Heap
from service.teller import resident_bytes


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def heap(clock):
    yield Heap(lambda: clock().timestamp())
    gc.unfreeze()


def freed_in_pieces():
    """Leave the heap as many threads do: most of it free, and something kept above each hole."""
    made = [bytearray(1200) for _ in range(400_000)]
    return made[::100]


class Ring:
    """Refers to itself, as an association and its threads do."""

    def __init__(self):
        self.itself = self


def test_what_was_freed_in_pieces_goes_back_to_the_system(heap, clock):
    kept = []
    thread = threading.Thread(target=lambda: kept.append(freed_in_pieces()))
    thread.start()
    thread.join()
    before = resident_bytes()
    assert not heap.tidy()

    clock.pass_(EVERY_S)

    assert heap.tidy()
    assert before - resident_bytes() > 100e6
    assert not heap.tidy()


def test_what_refers_only_to_itself_is_freed_each_time(heap, clock):
    gc.disable()
    try:
        for _ in range(2):
            gone = weakref.ref(Ring())
            clock.pass_(EVERY_S)
            assert gone() is not None
            assert heap.tidy()
            assert gone() is None
    finally:
        gc.enable()


def test_what_was_in_use_the_first_time_is_freed_when_all_is_looked_at(heap, clock):
    in_use = Ring()
    gone = weakref.ref(in_use)
    clock.pass_(EVERY_S)
    assert heap.tidy()
    del in_use
    for _ in range(ALL_EVERY):
        clock.pass_(EVERY_S)
        assert heap.tidy()

    assert gone() is None
