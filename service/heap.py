"""Memory that is not needed any more goes back to the system, and not only when Python likes.

Objects that refer to each other, as each association leaves some, lie about until those that live
for long have become a quarter more: in a node that is many thousand associations later. And what is
freed glibc keeps, in ever more pieces.
"""

import ctypes
import gc
import time
from collections.abc import Callable
from itertools import count

FIRST_S = 5.0
"""By then what stays is there. To look at all of it takes a fifth of a second."""
EVERY_S = 60.0
"""Between two times: some milliseconds each."""
ALL_EVERY = 60
"""Each so many times all is looked at, also what was there before."""


class Heap:
    """The heap of this process, tidied now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        """None where the C library is another than glibc, and keeps nothing."""
        self._due = clock() + FIRST_S
        self._rounds = count()

    def tidy(self) -> bool:
        """Free what nothing refers to, and give it back; return whether it was time for that.

        What is there when all was looked at is taken to stay until all is looked at again: modules
        are most of it.
        """
        if self._clock() < self._due:
            return False
        all_of_it = next(self._rounds) % ALL_EVERY == 0
        if all_of_it:
            gc.unfreeze()
        gc.collect()
        if all_of_it:
            gc.freeze()
        if self._trim is not None:
            self._trim(0)
        self._due = self._clock() + EVERY_S
        return True
