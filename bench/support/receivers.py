"""Programs that take what is sent to them: this node's listener, and those it is measured with."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

HOST = "127.0.0.1"
CALLED = "RECEIVER"
STARTS_WITHIN_S = 60.0
DATABASES = {"index", "index-wal", "index-shm", "sqlite", "sqlite-wal", "sqlite-shm"}
"""Parts of the names of files that are no objects."""

CONFIG = """\
data_dir = "data"
[dicom]
ae_title = "{called}"
port = {port}
max_associations = {most}
{more}
"""
ROUTES = """\
[destinations.none]
ae_title = "NONE"
host = "127.0.0.1"
port = 9

[[routes]]
name = "all"
calling = ["*"]
pipelines = ["super-resolution"]
send_to = ["none"]
"""


@dataclass(frozen=True)
class Receiver:
    """One that listens."""

    name: str
    port: int
    folder: Path
    """Where it keeps what it takes."""
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Return the processor time of the program and its children, ended ones too."""
        spent = 0.0
        for one in [self.process, *self.process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # a child that ended counts with its parent
                used = one.cpu_times()
                spent += used.user + used.system + used.children_user + used.children_system
        return spent

    def kept(self, at_least: int) -> int:
        """Return how many files of that many bytes it keeps."""
        return sum(1 for path in self._files() if path.stat().st_size >= at_least)

    def clear(self, at_least: int) -> None:
        """Remove those files behind its back, so that the page cache stays small."""
        for path in self._files():
            if path.stat().st_size >= at_least:
                path.unlink()

    def _files(self) -> Iterator[Path]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return (path for path in found if not DATABASES & {*path.name.split(".")})


def senoscope(folder: Path, port: int, most: int = 64, more: str = "") -> list[str]:
    """Return the command of a node that only listens."""
    folder.mkdir(parents=True)
    config = folder / "senoscope.toml"
    config.write_text(CONFIG.format(called=CALLED, port=port, most=most, more=more))
    (folder / "routes.toml").write_text(ROUTES)
    serve = [sys.executable, "-m", "service", "serve", "--role", "listener"]
    return [*serve, "--config", str(config)]


def senoscope_on_all(folder: Path, port: int) -> list[str]:
    """Return the command of a node with a listening process for each processor."""
    return senoscope(folder, port, more=f"processes = {os.cpu_count()}")


def storescp(folder: Path, port: int) -> list[str]:
    """Return the command of dcmtk's receiver as it comes: one association at a time."""
    folder.mkdir(parents=True)
    return [program("storescp"), "-aet", CALLED, "-od", str(folder), str(port)]


def storescp_fork(folder: Path, port: int) -> list[str]:
    """Return the command of dcmtk's receiver with a process for each association."""
    single, *rest = storescp(folder, port)
    return [single, "--fork", *rest]


def orthanc(folder: Path, port: int) -> list[str]:
    """Return the command of Orthanc with its defaults: SQLite, and files synced."""
    storage = folder / "storage"
    storage.mkdir(parents=True)
    chosen = {
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "HttpServerEnabled": False,
        "DicomAet": CALLED,
        "DicomPort": port,
        "DicomAlwaysAllowStore": True,
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(chosen))
    return [program("Orthanc"), str(path)]


Command = Callable[[Path, int], list[str]]
"""Makes a folder ready and returns what to run to listen on a port."""

RECEIVERS: dict[str, Command] = {
    "senoscope": senoscope_on_all,
    "senoscope, 1 process": senoscope,
    "storescp --fork": storescp_fork,
    "storescp": storescp,
    "Orthanc": orthanc,
}


def program(name: str) -> str:
    """Return the path of a program.

    Raises:
        SystemExit: it is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"{name} is not installed: sudo apt-get install dcmtk orthanc")
    return found


@contextmanager
def listening(
    name: str, make: Callable[[Path, int], list[str]], folder: Path
) -> Iterator[Receiver]:
    """Run a receiver; it is gone, with its children, when the block is left."""
    port = free_port()
    command = make(folder, port)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment()
        )
    receiver = Receiver(name, port, folder, psutil.Process(process.pid))
    try:
        _wait_until_it_listens(process, port, name)
        yield receiver
    finally:
        _stop(process)


def environment() -> dict[str, str]:
    """Return the environment of receivers and senders: dcmtk does not wait to fill packets."""
    return os.environ | {"TCP_NODELAY": "1"}  # noqa: TID251 - dcmtk's own switch


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, name: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{name} ended at once ({process.returncode})")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{name} does not listen after {STARTS_WITHIN_S:.0f} s")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        if child.is_running():
            child.kill()
