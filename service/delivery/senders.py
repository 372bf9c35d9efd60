"""The delivery stage: every destination is served by threads of its own."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.delivery.committing import ask_due
from service.delivery.outbox import Outbox
from service.delivery.sender import Sender
from service.delivery.showing import Showing
from service.delivery.target import Served
from service.delivery.way import Way
from service.errors import NodeError, UnavailableError

logger = logging.getLogger(__name__)

POLL_S = 0.5
CALM_S = 2.0
"""Between two looks where nothing has been owed for a while: an idle node shall rest."""
SLOWER = 1.1
"""How much longer each pause is than the one before: calm after some twenty seconds."""
AFTER_S = 1.0
"""Between two looks at the destinations, and at what was sent where somebody is asked about it."""
FREE_EVERY = 10
"""Polls between two looks for what processes that are gone were sending."""
LEDGER_DOWN_S = 5.0
"""Pause when the ledger is unavailable."""

Job = Callable[[str, Way, threading.Event], None]


@dataclass(frozen=True, slots=True)
class Senders:
    """Serves every destination in threads of its own: a slow one keeps nobody waiting."""

    outbox: Outbox
    destinations: Callable[[], Mapping[str, Served]]
    """The destinations in force, by name."""
    is_gone: Callable[[str], bool]
    """Tells whether a process that took deliveries is no more."""
    tell: Callable[[str, bool], None]
    """Is told of each destination whether it is up."""

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set, then let each destination finish its object."""
        threads: dict[tuple[str, str], threading.Thread] = {}
        ways: dict[str, Way] = {}
        polls = 0
        while not stop.wait(AFTER_S):
            if polls % FREE_EVERY == 0:
                self._free()
            polls += 1
            for name, served in self.destinations().items():
                # a new way says that it is up: none is made where there is one
                way = ways.get(name) or ways.setdefault(name, Way(name, self.tell))
                for part, job in self._jobs(served).items():
                    there = threads.get((name, part))
                    if there is None or not there.is_alive():
                        threads[name, part] = _started(job, name, part, (way, stop))
        for way in ways.values():
            way.busy.set()  # who waits to help looks at `stop` now
        for thread in threads.values():
            thread.join()

    def _jobs(self, served: Served) -> Mapping[str, Job]:
        """Return what is to be done for a destination, each by a thread."""
        jobs: dict[str, Job] = {"1": self._serve}
        jobs |= {str(number): self._help for number in range(2, served.associations + 1)}
        if served.commits is not None:
            jobs["commitment"] = self._commit
        if served.shows is not None:
            jobs["find"] = self._show
        return jobs

    def _free(self) -> None:
        try:
            freed = self.outbox.ledger.free_deliveries(self.is_gone)
        except UnavailableError as error:
            logger.warning("delivery waits: %s", error)
            return
        if freed:
            logger.warning("%d deliveries of processes that are gone are sent again", freed)

    def _serve(self, name: str, way: Way, stop: threading.Event) -> None:
        """Send to that destination until `stop` is set or the routes know it no more."""
        sender = Sender(name, self.outbox, way)
        pause = POLL_S
        while (served := self.destinations().get(name)) is not None and not stop.is_set():
            if self._sent(sender, served, stop):
                pause = POLL_S
            elif not stop.wait(pause):
                pause = min(SLOWER * pause, CALM_S)

    def _help(self, name: str, way: Way, stop: threading.Event) -> None:
        """Send to that destination while there is more than one thread can send."""
        sender = Sender(name, self.outbox, way)
        while self.destinations().get(name) is not None and not stop.is_set():
            if not way.busy.wait(CALM_S) or stop.is_set():
                continue
            served = self.destinations().get(name)
            if served is None or not self._sent(sender, served, stop):
                way.busy.clear()

    def _sent(self, sender: Sender, served: Served, stop: threading.Event) -> int:
        """Return how much arrived."""
        try:
            return sender.send_due(served.target, stop)
        except UnavailableError as error:
            logger.warning("delivery to %s waits: %s", sender.destination, error)
            stop.wait(LEDGER_DOWN_S)
            return 0

    def _commit(self, name: str, way: Way, stop: threading.Event) -> None:
        """Ask that destination to commit to what it was sent."""
        while (served := self.destinations().get(name)) and served.commits is not None:
            if stop.wait(AFTER_S):
                return
            if not way.may_try(self.outbox.now()):
                continue
            try:
                ask_due(name, served.commits, self.outbox)
            except NodeError as error:
                logger.warning("commitment of %s waits: %s", name, error)
                stop.wait(LEDGER_DOWN_S)

    def _show(self, name: str, way: Way, stop: threading.Event) -> None:
        """Look whether that destination shows what it was sent."""
        showing = Showing(name, self.outbox, self.outbox.now())
        while (served := self.destinations().get(name)) and served.shows is not None:
            if stop.wait(AFTER_S):
                return
            if not way.may_try(self.outbox.now()):
                continue
            try:
                showing = showing.looked(served.shows)
            except NodeError as error:
                logger.warning("looking for results at %s waits: %s", name, error)
                stop.wait(LEDGER_DOWN_S)


def _started(
    job: Job, name: str, part: str, shared: tuple[Way, threading.Event]
) -> threading.Thread:
    thread = threading.Thread(target=job, args=(name, *shared), name=f"delivery-{name}-{part}")
    thread.start()
    return thread
