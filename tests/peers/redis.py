"""A redis-server without persistence: what is lost when it dies is lost."""

from pathlib import Path

from peers.programs import HOST, Server, program
from service.demo.orthanc import free_port


class RedisServer:
    """A redis-server on a free port of the loopback interface."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command: list[str | Path] = [program("redis-server", "redis-server")]
        command += ["--bind", HOST, "--port", str(self.port), "--dir", folder]
        command += ["--save", "", "--appendonly", "no"]
        self.server = Server(command, self.port, folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()
