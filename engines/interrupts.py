"""Ctrl-C while native code is at work, through which nothing may be raised."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_noted(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` at Ctrl-C meanwhile, and raise nothing.

    Signals come to the main thread; work in another has none to take.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def noted(*_: object) -> None:
        note()

    before = signal.signal(signal.SIGINT, noted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
