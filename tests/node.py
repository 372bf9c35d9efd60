"""A whole node for tests: `senoscope serve` as users start it, to be killed at will."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from peers.programs import until

from service.demo.orthanc import free_port
from service.opening import open_ledger

SETTINGS = """\
data_dir = "data"
[dicom]
port = {dicom}
[http]
port = {http}
[queue]
broker = "{broker}"
[canary]
every_s = {canary_s}
[disk]
low_water_mb = 16
{extra}"""
ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = {pacs}
{accepts}
[[routes]]
name = "everything"
complete = {{ quiet_s = {quiet_s} }}
pipelines = ["{pipeline}"]
send_to = ["pacs"]
"""
READY_S = 60.0


class Node:
    """`senoscope serve` in `folder`, sending its results to the PACS on that port."""

    roles: Sequence[str] = ()
    """Options of `serve`; none: it does all."""

    def __init__(  # noqa: PLR0913 - what a test may want otherwise
        self,
        folder: Path,
        pacs: int,
        *,
        broker: str = "",
        quiet_s: float = 1.0,
        pipeline: str = "super-resolution",
        accepts: Sequence[str] = (),
        extra: str = "",
        canary_s: float = 0,
    ) -> None:
        self.port, self.http_port = free_port(), free_port()
        self.config = folder / "senoscope.toml"
        self.log = folder / "node.log"
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            SETTINGS.format(
                dicom=self.port,
                http=self.http_port,
                broker=broker,
                extra=extra,
                canary_s=canary_s,
            )
        )
        accepted = f"accepts = {json.dumps([*accepts])}\n" if accepts else ""
        (folder / "routes.toml").write_text(
            ROUTES.format(pacs=pacs, quiet_s=quiet_s, pipeline=pipeline, accepts=accepted)
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve", *self.roles, "--config", self.config],
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """Ask it to finish; return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=120)

    def wait_until_ready(self) -> None:
        until(
            lambda: self.answers("/readyz") or self.process.poll() is not None,
            READY_S,
            why=self.log.read_text,
        )
        assert self.process.poll() is None, self.log.read_text()

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as told:
            return told.read().decode()

    def senoscope(self, *arguments: str) -> Any:
        """Return what that command prints as JSON."""
        command = [sys.executable, "-m", "service", *arguments, "--config", self.config, "--json"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(told.stdout)

    def run(self, *arguments: str) -> None:
        """Run that command."""
        command = [sys.executable, "-m", "service", *arguments, "--config", self.config]
        subprocess.run(command, check=True)

    def fed(self, line: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run that command with a password on its standard input."""
        command = [sys.executable, "-m", "service", *arguments, "--password-stdin"]
        return subprocess.run(
            [*command, "--config", self.config],
            input=f"{line}\n",
            capture_output=True,
            text=True,
            check=False,
        )

    def ledger(self):
        return open_ledger(self.config)

    def processes(self) -> list[int]:
        """Return the ids of all its processes, `serve` first."""
        return [] if self.process.poll() is not None else list(family(self.process.pid))

    def kill(self, pid: int) -> None:
        """Kill that process at once; a dead `serve` is started again, as a supervisor would."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        if pid == self.process.pid:
            self.process.wait()
            self.start()


class Cluster(Node):
    """The same node as processes that share PostgreSQL, Redis and a folder, as hosts would."""

    PARTS = (
        ("serve", "--role", "listener", "--role", "console"),
        ("serve", "--role", "router", "--role", "delivery"),
        ("serve", "--role", "router", "--role", "delivery"),
        ("worker",),
        ("worker",),
    )

    def start(self) -> None:
        self.parts = [self._started(part) for part in self.PARTS]
        self.process = self.parts[0]

    def stop(self) -> int:
        """Ask all to finish; return the worst exit status."""
        for part in self.parts:
            part.terminate()
        return max(abs(part.wait(timeout=120)) for part in self.parts)

    def wait_until_ready(self) -> None:
        super().wait_until_ready()
        ledger = self.ledger()
        until(lambda: len(ledger.workers()) == 2, READY_S, why=self.log.read_text)
        ledger.close()

    def processes(self) -> list[int]:
        """Return the ids of all its processes."""
        alive = [part for part in self.parts if part.poll() is None]
        return [pid for part in alive for pid in family(part.pid)]

    def kill(self, pid: int) -> None:
        """Kill that process at once; a part that is dead is started again."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        for place, part in enumerate(self.parts):
            if part.pid == pid:
                part.wait()
                self.parts[place] = self._started(self.PARTS[place])
        self.process = self.parts[0]

    def _started(self, part: Sequence[str]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "service", *part, "--config", self.config]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)


def family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads: Sequence[Path] = list(Path(f"/proc/{pid}/task").iterdir())
        found = {
            int(child) for thread in threads for child in (thread / "children").read_text().split()
        } | {int(child) for child in children}
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in sorted(found):
        yield from family(child)
