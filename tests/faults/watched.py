"""A node of several processes, its peers, and the Prometheus that watches them, to be broken."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node import READY_S, Cluster
from peers.dcmtk import StoreScp, storescu
from peers.programs import until
from peers.prometheus import Prometheus
from peers.redis import RedisServer
from phantoms import mammogram, saved
from postgres import PostgreSQL

from faults.small_disk import SmallDisk, small_disk
from service.ledger.records import DeliveryState

MODEL = Path(__file__).parents[2] / "models/fsrcnn-x2/2"
ROOM_MB = 96
NODE, ROUTER, WORKER = 0, 1, 2
"""The places of its processes: listener and console, router and delivery, worker."""
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Watched(Cluster):
    """Three processes, none of which anybody starts again."""

    PARTS = (
        ("serve", "--role", "listener", "--role", "console"),
        ("serve", "--role", "router", "--role", "delivery"),
        ("worker",),
    )

    def wait_until_ready(self) -> None:
        until(lambda: self.answers("/readyz"), 3 * READY_S, 0.5, self.log.read_text)

    def end(self, place: int) -> None:
        """Kill that process and its children."""
        self.parts[place].send_signal(signal.SIGKILL)
        self.parts[place].wait()

    def again(self, place: int, **variables: str) -> None:
        """Start that process again, with these in its environment."""
        command = [sys.executable, "-m", "service", *self.PARTS[place], "--config", self.config]
        with self.log.open("ab") as log:
            self.parts[place] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env={**os.environ, **variables},  # noqa: TID251 - a child's
            )

    def checks(self) -> dict[str, tuple[bool, str]]:
        """Return what /readyz says of each check."""
        address = f"http://127.0.0.1:{self.http_port}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=30) as told:
                read = json.load(told)
        except urllib.error.HTTPError as error:
            read = json.load(error)
        return {one["name"]: (one["ok"], one["detail"]) for one in read["checks"]}


class Hospital:
    """All that is there, and what can be done to it."""

    def __init__(self, folder: Path, disk: SmallDisk) -> None:
        self.folder = folder
        self.disk = disk
        self.postgres, self.redis = PostgreSQL(), RedisServer(folder)
        self.pacs = StoreScp(folder / "pacs")
        self.sent = 0

    def start(self) -> None:
        """Start all of it."""
        for each in (self.postgres, self.redis, self.pacs):
            each.start()
        shutil.copytree(MODEL, self.folder / "models/fsrcnn-x2/2")
        url = f'[ledger]\nurl = "{self.postgres.database()}"\n'
        self.node = Watched(self.folder, self.pacs.port, broker=self.redis.url, extra=url)
        self.node.start()
        self.prometheus = Prometheus(
            self.folder / "prometheus", f"127.0.0.1:{self.node.http_port}", patience="2s"
        )
        self.prometheus.start()
        self.node.wait_until_ready()

    def stop(self) -> None:
        """Stop all of it."""
        self.prometheus.stop()
        for place in range(len(self.node.parts)):
            self.node.end(place)
        for each in (self.pacs, self.redis, self.postgres):
            each.stop()

    def send(self) -> bool:
        """Send a new image and return whether it was taken."""
        self.sent += 1
        image = mammogram("RMLO", seed=self.sent, rows=96, columns=64)
        self.newest = str(image.StudyInstanceUID)
        return storescu([saved(image, self.folder)], self.node.port).returncode == 0

    def arrived(self, study_instance_uid: str) -> bool:
        """Return whether the PACS has results of that study, and is owed no more of it."""
        ledger = self.node.ledger()
        sent = [one.state for one in ledger.deliveries(study_instance_uid)]
        ledger.close()
        return bool(sent) and all(state is DeliveryState.SENT for state in sent)

    def alter_model(self) -> None:
        """Change a byte of the weights, and start the worker with them."""
        self._weights.write_bytes(MODEL.joinpath("weights.onnx").read_bytes()[:-1] + b"\0")
        self.node.end(WORKER)
        self.node.again(WORKER)

    def mend_model(self) -> None:
        """Put the weights back."""
        shutil.copy(MODEL / "weights.onnx", self._weights)

    def spoil_routes(self) -> None:
        """Write what is no route."""
        self.good_routes = self._routes.read_text()
        self._routes.write_text(self.good_routes + "[[routes]]\nnmae = 1\n")

    def mend_routes(self) -> None:
        """Write what it was."""
        self._routes.write_text(self.good_routes)

    def set_clock_back(self) -> None:
        """Let router and delivery live five minutes ago."""
        self.node.end(ROUTER)
        self.node.again(ROUTER, LD_PRELOAD=FAKETIME, FAKETIME="-300s", DONT_FAKE_MONOTONIC="1")

    def set_clock_right(self) -> None:
        """Let them live now."""
        self.node.end(ROUTER)
        self.node.again(ROUTER)

    @property
    def _routes(self) -> Path:
        return self.folder / "routes.toml"

    @property
    def _weights(self) -> Path:
        return self.folder / "models/fsrcnn-x2/2/weights.onnx"


@contextmanager
def hospital(folder: Path) -> Iterator[Hospital]:
    """Let all of it be there as long as the block lasts."""
    with small_disk(folder / "data", ROOM_MB) as disk:
        there = Hospital(folder, disk)
        there.start()
        try:
            yield there
        finally:
            there.stop()
