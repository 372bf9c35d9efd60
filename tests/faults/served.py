"""A real `senoscope serve` to be spoken to badly, and what must be true of it afterwards."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from loopback import Raw, ct
from peers.dcmtk import echoscu
from peers.programs import until

from faults.supervised import Supervised, paths, python
from service.demo.orthanc import free_port
from service.ledger.records import Refusal
from service.opening import open_ledger

OPEN_S, IDLE_S = 1.0, 2.0
LARGEST_MB = 32
RECOVERY_S = 60
"""Until nothing is left of any fault: the issue's own bound."""
CONFIG = """\
data_dir = "data"
[dicom]
port = {port}
open_s = {open_s}
idle_s = {idle_s}
max_associations = {most}
max_object_mb = {largest}
[disk]
low_water_mb = 16
[ledger]
url = "{ledger}"
"""
ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 104
[[routes]]
name = "everything"
complete = { quiet_s = 86400 }
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""


class Served:
    """The listener of a node, in a process of its own."""

    def __init__(self, folder: Path, most: int, ledger: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "serve.log"
        self.config = folder / "senoscope.toml"
        self.most = most
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            CONFIG.format(
                port=self.port,
                open_s=OPEN_S,
                idle_s=IDLE_S,
                most=most,
                largest=LARGEST_MB,
                ledger=ledger,
            )
        )
        (folder / "routes.toml").write_text(ROUTES)
        command = python("service", "serve", "--config", self.config, "--role", "listener")
        self.process = Supervised(command, self.log, {})
        self.wait_until_it_listens()
        self.ledger = open_ledger(self.config)
        self._warm_up()
        self.base = self.held()

    def wait_until_it_listens(self) -> None:
        until(lambda: echoscu(self.port) == 0, 60, every=0.2, why=self.log.read_text)

    def close(self) -> None:
        self.ledger.close()
        self.process.close()

    def held(self) -> tuple[int, int]:
        """Return how many threads and descriptors it has, without those of the ledger's pool."""
        there = psutil.Process(self.process.pid)
        pool = [file for file in there.open_files() if "ledger.sqlite" in file.path]
        return there.num_threads(), there.num_fds() - len(pool)

    def half_written(self) -> list[str]:
        """Return the files that grow: of what is not yet whole."""
        return [path.name for path in self.folder.glob("data/received/incoming/*")]

    def refusals(self) -> list[Refusal]:
        return list(self.ledger.refusals(10_000))

    def mark(self) -> tuple[int, int]:
        """Return where ledger and log end now."""
        return len(self.refusals()), self.log.stat().st_size

    def told_since(self, mark: tuple[int, int]) -> str:
        """Return what was written down since, in ledger and log."""
        refusals = self.refusals()
        new = [one.reason for one in refusals[: len(refusals) - mark[0]]]
        return "\n".join([*new, self.log.read_bytes()[mark[1] :].decode()])

    def told(self) -> str:
        """Return what users are told of what was refused, by the command that they have."""
        command = python("service", "studies", "list", "--refused", "--json", "--config")
        told = subprocess.run(
            [*command, str(self.config)], env=paths(), capture_output=True, text=True, check=True
        )
        assert json.loads(told.stdout) is not None
        return told.stdout

    def is_well(self) -> None:
        """Fail unless it lives, answers, and holds no more than before, within a minute."""
        until(lambda: echoscu(self.port) == 0, RECOVERY_S, every=0.2, why=self._state)
        until(self._is_back, RECOVERY_S, every=0.1, why=self._state)
        assert self.process.starts == 1, self._state()
        assert "Traceback" not in self.log.read_text(), self._state()

    def _is_back(self) -> bool:
        held = zip(self.held(), self.base, strict=True)
        return all(now <= then for now, then in held) and not self.half_written()

    def _state(self) -> str:
        told = f"holds {self.held()}, at first {self.base}; half written: {self.half_written()}"
        return f"{told}\n{self.log.read_text()[-3000:]}"

    def _warm_up(self) -> None:
        """Let it open what it opens once: connections to its ledger above all."""
        peers = [Raw(self.port).associate() for _ in range(min(self.most, 12))]
        for number, peer in enumerate(peers):
            peer.store(ct(uid=f"1.2.3.8.{number}", study="1.2.3.8"), uid=f"1.2.3.8.{number}")
        for peer in peers:
            assert peer.receive() == 0
            peer.release()
            peer.socket.close()
        until(lambda: not self.half_written())
        until(self._is_steady, RECOVERY_S, every=1.0)

    def _is_steady(self) -> bool:
        before, self.base = getattr(self, "base", None), self.held()
        return before == self.base


@contextmanager
def served(folder: Path, most: int = 16, ledger: str = "") -> Iterator[Served]:
    """Let it listen as long as the block lasts."""
    node = Served(folder, most, ledger)
    try:
        yield node
    finally:
        node.close()
