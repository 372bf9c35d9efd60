"""The node: its roles as threads of one process, and its worker beside it."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from service.alive import AliveFile
from service.errors import UnavailableError
from service.lock import sole_owner
from service.progress import Progress
from service.systemd import Systemd

logger = logging.getLogger(__name__)

STUCK_S = 300.0
"""A loop that has not come round for so long does so no more."""

NOBODY, UNWATCHED = Systemd(), AliveFile()


def nothing() -> None:
    """Leave it at that."""


Loop = Callable[[threading.Event], None]
"""Works until the event is set, then returns in good order."""


class Role(StrEnum):
    """A part of the node that may run on a host of its own."""

    LISTENER = "listener"
    ROUTER = "router"
    DELIVERY = "delivery"
    CONSOLE = "console"
    WORKER = "worker"


@dataclass(frozen=True)
class Node:
    """Runs its loops side by side; if one of them dies, the node stops and says so."""

    loops: Mapping[str, Loop]
    data: Path
    roles: frozenset[Role] = frozenset()
    """Those that no other process may do in that folder meanwhile; none where hosts share them."""
    systemd: Systemd = NOBODY
    alive: AliveFile = UNWATCHED
    end: Callable[[], None] = nothing
    """Called when all loops have ended."""

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set, then let each loop end in good order.

        Raises:
            UnavailableError: if a loop ended by itself, another process has one of its roles, or
                nobody can be told that it is alive.
        """
        self.alive.touch()
        with sole_owner(self.data, self.roles):
            died = self._run(stop)
        if died:
            raise UnavailableError(f"the node stopped: {', '.join(died)} died; see the log above")

    def _run(self, stop: threading.Event) -> list[str]:
        died: list[str] = []
        asked = {name: Progress(stop) for name in self.loops}
        threads = [
            threading.Thread(target=_guarded, args=(name, loop, asked[name], died), name=name)
            for name, loop in self.loops.items()
        ]
        for thread in threads:
            thread.start()
        logger.info("the node is up: %s (research use only)", ", ".join(self.loops))
        self.systemd.tell("READY=1")
        while not stop.wait(self.systemd.every_s):
            self._tell(asked)
        self.systemd.tell("STOPPING=1")
        for thread in threads:
            thread.join()
        self.end()
        return died

    def _tell(self, asked: Mapping[str, Progress]) -> None:
        """Say that all is well, unless a loop is stuck: then who looks after it starts it again."""
        stuck = [name for name, progress in asked.items() if progress.busy_s() > STUCK_S]
        if stuck:
            logger.critical("%s: at the same thing for minutes", ", ".join(stuck))
            return
        self.systemd.tell("WATCHDOG=1")
        with suppress(UnavailableError):  # a disk that fails: who asks sees it by its age
            self.alive.touch()


def _guarded(name: str, loop: Loop, stop: threading.Event, died: list[str]) -> None:
    """Run `loop`; however it ends before it should, the node stops."""
    try:
        loop(stop)
    finally:
        if not stop.is_set():
            logger.critical("%s ended by itself: the node stops", name)
            died.append(name)
            stop.set()
