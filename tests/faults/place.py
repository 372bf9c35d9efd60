"""A node to be hurt: `senoscope serve`, workers, broker and ledger in processes of their own."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import redis
from clock import now
from one_route import ROUTES
from peers.pacs import Pacs
from peers.redis import RedisServer
from postgres import PostgreSQL

from faults.supervised import Supervised, python
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger, open_ledger

CONFIG = """\
data_dir = "data"
[ledger]
url = "{ledger}"
[queue]
broker = "{broker}"
[disk]
low_water_mb = 16
"""


class Place:
    """Jobs are done here, by as many workers as are asked for, and results go to a PACS."""

    ledger: SqlLedger
    serve: Supervised
    workers: tuple[Supervised, ...]

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.pacs = Pacs()
        self.variables: dict[str, str] = {}
        """What its processes have in their environment, beside ours."""
        self.received = Spool(self.data / "received")
        self._many = workers
        self._held = ExitStack()

    @property
    def blows(self) -> dict[str, Callable[[], object]]:
        """What can be done to its broker and its ledger, by name."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        ledger, broker = self._start()
        (self.folder / "senoscope.toml").write_text(CONFIG.format(ledger=ledger, broker=broker))
        (self.folder / "routes.toml").write_text(ROUTES.format(pacs=self.pacs.port))
        self.ledger = open_ledger(ledger, now)
        self._held.callback(self.ledger.close)
        self._held.enter_context(self.pacs)
        roles = ("--role", "router", "--role", "delivery")
        serve = python("service", "serve", "--config", self.folder / "senoscope.toml", *roles)
        self.serve = self._supervised(serve, "serve.log")
        worker = python("faults.making", self.data, ledger, broker)
        self.workers = tuple(
            self._supervised(worker, f"worker{number}.log") for number in range(self._many)
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    def log(self) -> str:
        """Return the ends of all logs, for a test that fails."""
        return "\n".join(
            f"== {path.name}\n{path.read_text()[-2000:]}" for path in self.folder.glob("*.log")
        )

    def _start(self) -> tuple[str, str]:
        """Start what is needed and return the URLs of ledger and broker."""
        raise NotImplementedError

    def _supervised(self, command: list[str], log: str) -> Supervised:
        started = Supervised(command, self.folder / log, self.variables)
        self._held.callback(started.close)
        return started


class Embedded(Place):
    """The ledger is SQLite and the broker a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=1)

    @property
    def blows(self) -> dict[str, Callable[[], object]]:
        """See Place."""
        return {"broker folder removed": self._remove_broker}

    def _start(self) -> tuple[str, str]:
        return f"sqlite:///{self.data / 'ledger.sqlite'}", ""

    def _remove_broker(self) -> None:
        shutil.rmtree(self.data / "broker", ignore_errors=True)


class Cluster(Place):
    """The ledger is PostgreSQL, the broker Redis without persistence, and there are two workers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=2)
        self.postgres = PostgreSQL()
        self.redis = RedisServer(folder)

    @property
    def blows(self) -> dict[str, Callable[[], object]]:
        """See Place."""
        return {
            "Redis killed": self._kill_redis,
            "Redis restarted": self._restart_redis,
            "Redis FLUSHALL": self._flush_redis,
            "PostgreSQL restarted": self.postgres.restart,
        }

    def _start(self) -> tuple[str, str]:
        self.postgres.start()
        self._held.callback(self.postgres.stop)
        self.redis.start()
        self._held.callback(self.redis.kill)
        return self.postgres.database(), self.redis.url

    def _kill_redis(self) -> None:
        self.redis.kill()
        self.redis.start()

    def _restart_redis(self) -> None:
        self.redis.stop()
        self.redis.start()

    def _flush_redis(self) -> None:
        with redis.Redis(port=self.redis.port) as client:
            client.flushall()


FORMS: dict[str, Callable[[Path], Place]] = {"sqlite": Embedded, "cluster": Cluster}
