"""A Compose file's services of ours as processes of this machine: same commands, same variables."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from composed import Composed, Service
from peers.programs import HOST, Server, program, until
from postgres import PostgreSQL

from service.demo.orthanc import free_port

IMAGE = {"SENOSCOPE_ROUTES": "clinic/routes.toml"}
"""What the image sets, as far as it is not a place of its own for each process."""
QUIET = ("quiet_s = 30", "quiet_s = 1")


@dataclass
class Mirror:
    """Our services of `file` in `folder`; `ports` says where each host and port of it is here."""

    file: Composed
    folder: Path
    ports: dict[str, int]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def lay_out(self) -> None:
        """Write the configuration that the image has, and make the secrets as people would."""
        deploy, etc = self.file.path.parent, self.folder / "etc"
        (etc / "clinic").mkdir(parents=True)
        shutil.copy(deploy / "senoscope.toml", etc)
        routes = (deploy / "routes.toml").read_text().replace(*QUIET)
        (etc / "clinic/routes.toml").write_text(self.here(routes))
        shutil.copy(deploy / "secrets.sh", self.folder)
        subprocess.run([self.folder / "secrets.sh"], check=True, capture_output=True)

    def here(self, text: str) -> str:
        """Return `text` with this machine's addresses and folders for those of the containers."""
        text = text.replace("/run/secrets", str(self.folder / "secrets"))
        for there, port in self.ports.items():
            host, number = there.split(":")
            text = text.replace(there, f"{HOST}:{port}")
            text = re.sub(
                rf'host = "{host}"(.*?)port = {number}',
                rf'host = "{HOST}"\1port = {port}',
                text,
                flags=re.DOTALL,
            )
        return re.sub(r"^canary$", HOST, text)  # the console's own name for itself

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def environment(self, service: Service) -> Mapping[str, str]:
        """Return what the process of that service is given."""
        given = {name: self.here(value) for name, value in service.environment.items()}
        given.pop("SENOSCOPE_HTTP__HOST", None)
        return {
            **os.environ,  # noqa: TID251 - a test's
            **IMAGE,
            **given,
            "SENOSCOPE_CONFIG": str(self.folder / "etc/senoscope.toml"),
            "SENOSCOPE_DATA_DIR": str(self.folder / "data"),
            "SENOSCOPE_HEALTH__ALIVE_FILE": str(self.folder / f"{service.name}.alive"),
            "SENOSCOPE_DICOM__HOST": HOST,
            "SENOSCOPE_DICOM__PORT": str(self.ports["listener:11112"]),
            "SENOSCOPE_HTTP__PORT": str(self.ports["console:8080"]),
            "SENOSCOPE_DISK__LOW_WATER_MB": "16",
        }

    def start(self, service: Service) -> None:
        """Start that service."""
        command = [sys.executable, "-m", "service", *service.command[1:]]
        with self.log(service.name).open("ab") as log:
            self.processes[service.name] = subprocess.Popen(
                command, env=self.environment(service), stdout=log, stderr=log
            )

    def run(self, service: Service, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a command beside that service, as `docker compose run` does."""
        return subprocess.run(
            [sys.executable, "-m", "service", *command],
            env=self.environment(service),
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def logs(self) -> str:
        return "\n".join(self.log(name).read_text()[-3000:] for name in self.processes)

    def stop(self) -> Mapping[str, int]:
        """Ask each to finish, as `docker compose stop` does; return how each ended."""
        for process in self.processes.values():
            process.terminate()
        return {name: process.wait(timeout=120) for name, process in self.processes.items()}


def redis_of(file: Composed, folder: Path, port: int) -> Server:
    """Return Redis as the file starts it, but on that port."""
    *shell, script = file.services["redis"].command
    script = script.replace("$$", "$").replace("/run/secrets", str(folder / "secrets"))
    script = script.replace('save ""', f'save ""\nport {port}\nbind {HOST}\ndir {folder}', 1)
    program("redis-server", "redis-server")
    return Server([*shell, script], port, folder / "redis.log")


def prometheus_of(mirror: Mirror) -> Server:
    """Return Prometheus as the file starts it, but on a port of its own and looking more often."""
    there, port = mirror.folder / "prometheus", mirror.ports["prometheus:9090"]
    shutil.copytree(mirror.file.path.parent / "prometheus", there / "etc")
    config = there / "etc/prometheus.yml"
    text = mirror.here(config.read_text()).replace("localhost:9090", f"{HOST}:{port}")
    config.write_text(re.sub(r"(_interval|_timeout): \d+s", r"\1: 1s", text))
    options = [
        one.replace("/etc/prometheus", str(there / "etc")).replace("=/prometheus", f"={there}/data")
        for one in mirror.file.services["prometheus"].command
    ]
    command = [program("prometheus", "prometheus"), *options]
    return Server(
        [*command, f"--web.listen-address={HOST}:{port}"], port, mirror.folder / "prometheus.log"
    )


def ask_for_password(server: PostgreSQL, password: str) -> None:
    """Make the database that the file names; PostgreSQL asks for that password from now on."""
    address = ["-h", HOST, "-p", str(server.port), "-U", "senoscope", "-d", "postgres"]
    psql = [program("psql", "postgresql-client"), *address, "-q"]
    subprocess.run([*psql, "-c", "CREATE DATABASE senoscope"], check=True)
    subprocess.run([*psql, "-c", f"ALTER USER senoscope PASSWORD '{password}'"], check=True)
    (server.folder / "cluster/pg_hba.conf").write_text(f"host all all {HOST}/32 scram-sha-256\n")
    server.restart()


def ports_of(names: Sequence[str]) -> dict[str, int]:
    """Return a free port for each address of the file."""
    return {name: free_port() for name in names}


def all_alive(mirror: Mirror) -> None:
    """Wait until each process has said that it goes round."""
    alive = [mirror.folder / f"{name}.alive" for name in mirror.processes]
    until(lambda: all(one.exists() for one in alive), 60, why=mirror.logs)
