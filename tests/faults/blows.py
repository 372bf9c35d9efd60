"""What is done to a node on purpose: processes killed, frozen, and what they need taken away."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

from faults.place import Place
from faults.supervised import send

SHORT_S, LONG_S = 1.0, 5.0
"""How long a process is frozen: the longer is beyond the lease of the campaign's workers."""
AWAY_S = 1.5

Blow = Callable[[], object]


class Blows:
    """Everything that can be done to a place, by name; chance picks the process."""

    def __init__(self, place: Place, chance: Random) -> None:
        self._place = place
        self._chance = chance
        self._thaws: list[threading.Thread] = []

    def named(self) -> dict[str, Blow]:
        return {
            "pool child killed": lambda: send(self._child(), signal.SIGKILL),
            "Celery parent killed": lambda: send(self._worker().pid, signal.SIGKILL),
            "serve killed": lambda: send(self._place.serve.pid, signal.SIGKILL),
            "pool child frozen": lambda: self._freeze(self._child(), LONG_S),
            "pool child frozen for good": lambda: send(self._child(), signal.SIGSTOP),
            "Celery parent frozen": lambda: self._freeze(self._worker().pid, SHORT_S),
            "serve frozen": lambda: self._freeze(self._place.serve.pid, SHORT_S),
            "PACS away": self._take_pacs_away,
            **self._place.blows,
        }

    def plan(self, rounds: int) -> Iterator[tuple[str, Blow]]:
        """Yield every blow `rounds` times, in an order of chance."""
        named = self.named()
        order = [name for name in named for _ in range(rounds)]
        self._chance.shuffle(order)
        for name in order:
            yield name, named[name]

    def end(self) -> None:
        """Wait until nothing is frozen any more."""
        for thread in self._thaws:
            thread.join()

    def _worker(self):
        return self._chance.choice(self._place.workers)

    def _child(self) -> int:
        """Return a pool child, once there is one: one that died is replaced shortly."""
        worker = self._worker()
        for _ in range(200):
            children = worker.children()
            if children:
                return children[0]
            time.sleep(0.05)
        return worker.pid

    def _freeze(self, pid: int, seconds: float) -> None:
        if send(pid, signal.SIGSTOP):
            thaw = threading.Thread(target=_thaw, args=(pid, seconds))
            thaw.start()
            self._thaws.append(thaw)

    def _take_pacs_away(self) -> None:
        self._place.pacs.stop()
        time.sleep(AWAY_S)
        self._place.pacs.start()


def _thaw(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    send(pid, signal.SIGCONT)
