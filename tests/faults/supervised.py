"""A program that is started again whenever it ends, as systemd or Docker does it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

TESTS = Path(__file__).parents[1]
PAUSE_S = 0.3


def python(module: str, *arguments: str | Path) -> list[str]:
    """Return the command that runs that module of the project or of its tests."""
    return [sys.executable, "-m", module, *(str(one) for one in arguments)]


def paths() -> dict[str, str]:
    """Return an environment in which the project and its tests are found."""
    return {**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"}  # noqa: TID251 - a child's


class Supervised:
    """Keeps `command` running, with `more` in its environment, until it is closed."""

    def __init__(self, command: Sequence[str], log: Path, more: Mapping[str, str]) -> None:
        self.command = command
        self.variables = {**paths(), **more}
        self.log = log
        self.starts = 0
        self._closing = threading.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()
        self._started.wait(30)

    @property
    def pid(self) -> int:
        return self.process.pid

    def children(self) -> list[int]:
        with suppress(psutil.Error):
            return [child.pid for child in psutil.Process(self.pid).children()]
        return []

    def close(self) -> None:
        """End it for good, and its children with it."""
        self._closing.set()
        family = [self.pid, *self.children()]
        for pid in family:
            send(pid, signal.SIGCONT)
        for pid in family:
            send(pid, signal.SIGKILL)
        self._thread.join(30)

    def _keep(self) -> None:
        while not self._closing.is_set():
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, env=self.variables, stdout=log, stderr=log
                )
            self.starts += 1
            self._started.set()
            self.process.wait()
            self._closing.wait(PAUSE_S)


def send(pid: int, number: int) -> bool:
    """Send that signal and tell whether there was somebody to receive it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
