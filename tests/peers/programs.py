"""Finding a peer's program, starting it and stopping it."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from os import killpg
from pathlib import Path

HOST = "127.0.0.1"
IN_USE = "already in use"
TRIES = 5


class MissingPeerError(Exception):
    """A program that the tests speak with is not installed; the message says how to install it."""


def program(name: str, package: str) -> Path:
    """Return the path of a program, by name, that the Debian `package` brings."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MissingPeerError(
            f"{name} is not installed: sudo apt-get install {package}, or run make test as root"
        )
    return Path(found)


def until(
    holds: Callable[[], object],
    seconds: float = 30,
    every: float = 0.05,
    why: Callable[[], object] = str,
) -> None:
    """Wait until `holds()` is true; fail after `seconds`, with what `why()` says."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {seconds} s: {holds} {why()}")
        time.sleep(every)


def listens(port: int) -> bool:
    """Return whether somebody accepts connections on that port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


class Server:
    """A program that serves a port of the loopback interface, with the children it forks."""

    def __init__(self, command: list[str | Path], port: int, log: Path) -> None:
        self.port = port
        self.log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        process = self._started()
        for _ in range(TRIES):
            if process.poll() is None or IN_USE not in self.log.read_text():
                break
            time.sleep(1)  # somebody's connection had that port for a moment
            process = self._started()
        if process.poll() is not None:
            raise RuntimeError(f"{self._command[0]} ended at once: {self.log.read_text()[-2000:]}")

    def _started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: listens(self.port) or process.poll() is not None)
        return process

    def stop(self) -> None:
        """Ask it to stop and wait until it has."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        killpg(process.pid, how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            killpg(process.pid, signal.SIGKILL)
            process.wait()
