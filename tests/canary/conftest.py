"""The stages of a node as threads of the test, each started where the test wants it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from one_route import ROUTES

from engines.engine import Engine
from service.canary.canary import Canary
from service.demo.orthanc import free_port
from service.parts import Parts
from service.settings import load_settings
from service.wiring import make_worker
from service.worker.worker import Worker

SETTINGS = """\
[dicom]
port = {dicom}
[canary]
every_s = 0
timeout_s = 60
[disk]
low_water_mb = 16
[worker]
devices = ["cpu"]
"""


@dataclass
class Line:
    """A node, stage by stage."""

    parts: Parts
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    closing: ExitStack = field(default_factory=ExitStack)

    def listen(self) -> None:
        listener = self.parts.listener()
        listener.start()
        self.closing.callback(listener.stop, 0)

    def route(self) -> None:
        self._begin(self.parts.router().run)

    def work(self, network: Callable[[Engine], Engine] = lambda engine: engine) -> None:
        plain = make_worker(self.parts.settings, "cpu")
        worker = replace(plain, open_engine=lambda name: network(plain.open_engine(name)))
        self._begin(lambda stop: _work(worker, stop))

    def deliver(self) -> None:
        self._begin(self.parts.senders().run)

    def canary(self, seconds: float = 60) -> Canary:
        made = self.parts.canary()
        return replace(made, way=replace(made.way, seconds=seconds))

    def close(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.closing.close()

    def _begin(self, loop: Callable[[threading.Event], None]) -> None:
        thread = threading.Thread(target=loop, args=(self.stop,))
        thread.start()
        self.threads.append(thread)


def _work(worker: Worker, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        worker.ledger.present(worker.presence(worker.now()))
        worker.run()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of a node whose PACS is not there."""
    path = tmp_path / "senoscope.toml"
    path.write_text(SETTINGS.format(dicom=free_port()))
    (tmp_path / "routes.toml").write_text(ROUTES.format(pacs=free_port()))
    return path


@pytest.fixture
def line(config: Path) -> Iterator[Line]:
    """A node of which nothing runs yet."""
    made = Line(Parts(load_settings(config)))
    yield made
    made.close()
