"""The main job, once: a study goes into a node of its own, results come back to a PACS."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.delivery.files import Sent, send_files
from service.delivery.peer import Address
from service.demo.orthanc import free_port
from service.demo.pacs import AE_TITLE, Pacs
from service.errors import UnavailableError
from service.ledger.ledger import Ledger
from service.ledger.records import DeliveryState, Job

SENDER = "DEMO_MODALITY"
NODE = "SENOSCOPE"
START_S = 60.0
LONGEST_S = 900.0

ROUTES = """\
# The routes of the demo: everything is sharpened and goes back to the PACS.
[destinations.pacs]
ae_title = "{pacs}"
host = "127.0.0.1"
port = {pacs_port}

[[routes]]
name = "demo"
calling = ["{sender}"]
complete = {{ views = ["RCC", "LCC", "RMLO", "LMLO"], quiet_s = 2 }}
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""
SETTINGS = """\
data_dir = "data"
models = {models}
[dicom]
ae_title = "{node}"
port = {dicom_port}
[http]
port = {http_port}
[disk]
low_water_mb = 64
[canary]
every_s = 0
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's node listens."""

    dicom: int
    http: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    jobs: int
    jobs_done: int
    deliveries: int
    delivered: int


def configure(folder: Path, models: Path, pacs: Pacs) -> tuple[Path, Ports]:
    """Write the node's two files into `folder`; return the settings' path and the ports."""
    ports = Ports(free_port(), free_port())
    config = folder / "senoscope.toml"
    config.write_text(
        SETTINGS.format(
            models=json.dumps(str(models)), node=NODE, dicom_port=ports.dicom, http_port=ports.http
        )
    )
    (folder / "routes.toml").write_text(
        ROUTES.format(pacs=AE_TITLE, pacs_port=pacs.dicom_port, sender=SENDER)
    )
    return config, ports


@contextmanager
def start_node(config: Path, http_port: int, log: Path) -> Iterator[Callable[[], None]]:
    """Run `senoscope serve` beside us until the block ends; what it logs goes to `log`.

    What is yielded waits until it is ready, and raises UnavailableError, naming the log, if it is
    not in time.
    """
    command = [sys.executable, "-m", "service", "serve", "--config", str(config)]
    with log.open("wb") as out, subprocess.Popen(command, stderr=out, stdout=out) as process:  # noqa: S603
        try:
            yield partial(_wait_until_ready, process, http_port, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def send(files: Sequence[Path], port: int) -> Iterator[Sent]:
    """Send `files` to the node one after the other; yield what became of each."""
    return send_files(files, Address(NODE, "127.0.0.1", port), SENDER)


def await_results(
    ledger: Ledger, study_instance_uid: str, show: Callable[[Progress], None]
) -> Sequence[Job]:
    """Return the study's jobs once all are settled and delivered; tell `show` how far it is.

    Raises:
        UnavailableError: if it takes too long.
    """
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        jobs = ledger.jobs(study_instance_uid, limit=None)
        deliveries = ledger.deliveries(study_instance_uid, limit=None)
        done = sum(not job.state.is_open for job in jobs)
        sent = sum(each.state is DeliveryState.SENT for each in deliveries)
        show(Progress(len(jobs), done, len(deliveries), sent))
        judged = ledger.study(study_instance_uid).undecided == 0
        if judged and done == len(jobs) and sent == len(deliveries):
            return sorted(jobs, key=lambda job: job.created_at)
        time.sleep(0.1)
    raise UnavailableError(f"no end after {LONGEST_S:.0f} s; look at `senoscope jobs list`")


def _wait_until_ready(process: "subprocess.Popen[bytes]", http_port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        if _is_ready(f"http://127.0.0.1:{http_port}/readyz"):
            return
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    raise UnavailableError(f"the node did not become ready; its log {log} ends:\n{tail}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
