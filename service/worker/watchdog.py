"""Kills processes that are there and do nothing: stopped, or stuck in native code for good."""

import contextlib
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from service.alive import AliveFile
from service.errors import UnavailableError
from service.heap import Heap
from service.ledger.ledger import Ledger
from service.systemd import Systemd
from service.worker.owner import is_process
from service.worker.pulse import Pulse, Sign

logger = logging.getLogger(__name__)

MOST_SILENT_S = 60.0
"""A process without a sign of life for so long is frozen."""
EVERY_S = 1.0
CHILDLESS_S = 240.0
"""A parent that has had no child ready for so long starts none any more: it beats no more."""
OVERSLEPT_S = 10.0
"""Who looks so late was frozen as well: all are given their time anew."""


@dataclass
class Watch:
    """Tells who was silent for too long while somebody looked."""

    most_silent_s: float = MOST_SILENT_S
    _looked: float = 0.0
    _awake_since: float = 0.0

    def is_frozen(self, sign: Sign) -> bool:
        """Tell whether that process is to be killed."""
        return min(sign.silent_s, time.monotonic() - self._awake_since) > self.most_silent_s

    def look(self) -> None:
        """Note that one looks: to be called before each round."""
        now = time.monotonic()
        if now - self._looked > OVERSLEPT_S:
            self._awake_since = now
        self._looked = now


@dataclass
class Watchdog:
    """Looks after the children of this process, and beats for it as long as any of them lives."""

    ledger: Ledger
    pulse: Pulse
    """The children's."""
    watch: Watch = field(default_factory=Watch)
    own: Pulse | None = None
    """This process's, for who looks after it."""
    systemd: Systemd = field(default_factory=Systemd)
    alive: AliveFile = field(default_factory=AliveFile)
    childless_s: float = CHILDLESS_S
    heap: Heap = field(default_factory=Heap)
    _child_seen: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Look from now on.

        Raises:
            UnavailableError: if nobody can be told that this process is alive.
        """
        self.alive.touch()
        self.systemd.tell("READY=1")
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def look(self) -> None:
        """Kill who is frozen; beat, unless nobody has been there for long."""
        self.watch.look()
        for slot in range(self.pulse.slots):
            sign = self.pulse.sign(slot)
            if sign is not None and self.watch.is_frozen(sign):
                self._end(sign.pid)
                self.pulse.forget(slot)
            elif sign is not None and sign.silent_s < OVERSLEPT_S:
                self._child_seen = time.monotonic()
        if time.monotonic() - self._child_seen < self.childless_s:
            self._beat()

    def _beat(self) -> None:
        """Tell all who look after this process that it works."""
        if self.own is not None:
            self.own.beat(0)
        self.systemd.tell("WATCHDOG=1")
        with contextlib.suppress(UnavailableError):  # who asks sees it by the file's age
            self.alive.touch()

    def _run(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.look()
            self.heap.tidy()

    def _end(self, pid: int) -> None:
        state, parent = _state(pid)
        if parent != os.getpid() or state == "Z":
            return  # it is gone, and its number may be somebody else's
        self._note(pid, is_stopped=state in {"T", "t"})
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _note(self, pid: int, *, is_stopped: bool) -> None:
        """Give its job back; a process that nobody stopped was frozen by its job."""
        outcome = self.ledger.lost if is_stopped else self.ledger.crashed
        why = "its process was stopped" if is_stopped else "its process was frozen"
        logger.error("process %d gave no sign of life: killed", pid)
        try:
            for owner in self.ledger.owners():
                if is_process(owner, pid):
                    logger.warning("job %s: %s", ", ".join(outcome(owner, why)), why)
        except UnavailableError as error:
            logger.warning("not written down, the sweeper will see it: %s", error)


def _state(pid: int) -> tuple[str, int]:
    """Return the state of a process and its parent, proc(5) fields 3 and 4; ("", 0) if gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "", 0
    state, parent = fields.rpartition(")")[2].split()[:2]
    return state, int(parent)
