"""A redis-server without persistence: what is lost when it dies is lost."""

import subprocess
from pathlib import Path

from peers.programs import HOST, Server, program, until
from service.demo.orthanc import free_port


class RedisServer:
    """A redis-server on a free port of the loopback interface."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        command: list[str | Path] = [program("redis-server", "redis-server")]
        command += ["--bind", HOST, "--port", str(self.port), "--dir", folder]
        command += ["--save", "", "--appendonly", "no"]
        command += options
        self.server = Server(command, self.port, folder / f"redis-{self.port}.log")

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()


class Sentinel:
    """A master, a replica, and a Sentinel that knows them as ``ours``."""

    NAME = "ours"

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.master = RedisServer(folder)
        follows = ("--replicaof", HOST, str(self.master.port), "--repl-diskless-sync-delay", "0")
        self.replica = RedisServer(folder, *follows)
        watching = folder / "sentinel.conf"
        watching.write_text(
            f"port {self.port}\nbind {HOST}\ndir {folder}\n"
            f"sentinel monitor {self.NAME} {HOST} {self.master.port} 1\n"
            f"sentinel down-after-milliseconds {self.NAME} 500\n"
            f"sentinel failover-timeout {self.NAME} 2000\n"
        )
        command = [program("redis-server", "redis-server"), watching, "--sentinel"]
        self.watcher = Server(command, self.port, folder / "sentinel.log")

    @property
    def url(self) -> str:
        return f"sentinel://{HOST}:{self.port}/0"

    def start(self) -> None:
        """Start all three and wait until they know each other."""
        for server in (self.master, self.replica, self.watcher):
            server.start()
        until(lambda: self._says(self.replica.port, "replicas", self.NAME))

    def fail_over(self) -> None:
        """Kill the master and wait until the replica is named in its place."""
        self.master.kill()
        until(lambda: self._says(self.replica.port, "get-master-addr-by-name", self.NAME), 60)

    def kill(self) -> None:
        for server in (self.watcher, self.replica, self.master):
            server.kill()

    def _says(self, port: int, *words: str) -> bool:
        command = [program("redis-cli", "redis-tools"), "-h", HOST, "-p", str(self.port)]
        told = subprocess.run(
            [*command, "sentinel", *words], capture_output=True, text=True, check=True
        )
        return str(port) in told.stdout
