"""A PostgreSQL of our own for tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.supervised import send
from node import family
from peers.programs import HOST, MissingPeerError

from service.demo.orthanc import free_port

VERSIONS = Path("/usr/lib/postgresql")
"""Where Debian keeps its programs, a folder for each version."""


def programs() -> Path:
    """Return the folder of the newest version's programs."""
    found = sorted(VERSIONS.glob("*/bin/initdb"))
    if not found:
        raise MissingPeerError("PostgreSQL is not installed: sudo apt-get install postgresql")
    return found[-1].parent


class PostgreSQL:
    """A server with a new, empty cluster; each `database` is new too."""

    def __init__(self, fsync: str = "off") -> None:
        self._fsync = fsync
        self.folder = Path(tempfile.mkdtemp(prefix="senoscope-postgresql-"))
        self.port = free_port()
        self._bin = programs()
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._count = 0

    def start(self) -> None:
        """Start it; PostgreSQL refuses to run as root."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", self._cluster, "-A", "trust", "-U", "senoscope", "--no-sync")
        self.recover()

    def stop(self) -> None:
        """Stop it and leave nothing behind."""
        self.crash()
        shutil.rmtree(self.folder)

    def crash(self) -> None:
        """Stop it as a crash would: what was committed is there when it is up again."""
        self._run("pg_ctl", "-D", self._cluster, "-m", "immediate", "stop")

    def recover(self) -> None:
        """Start it, with all that it kept."""
        log = self.folder / "log"
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={HOST} -c fsync=off"
        self._run("pg_ctl", "-D", self._cluster, "-o", options, "-l", log, "-w", "start")

    def restart(self) -> None:
        """Let it crash, and recover."""
        self.crash()
        self.recover()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it take connections and answer nothing meanwhile, as on a host that hangs."""
        first = int((self._cluster / "postmaster.pid").read_text().split()[0])
        processes = [*family(first)]
        try:
            for pid in processes:
                send(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in processes:
                send(pid, signal.SIGCONT)

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    def database(self) -> str:
        """Return the URL of a new database."""
        self._count += 1
        name = f"test{self._count}"
        address = ("-h", HOST, "-p", str(self.port), "-U", "senoscope")
        self._run("createdb", *address, name)
        return f"postgresql+psycopg://senoscope@{HOST}:{self.port}/{name}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            user=self._user,
        )
