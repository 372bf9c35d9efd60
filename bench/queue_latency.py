"""How long a job waits for a worker that has nothing else to do, and what a job costs the ledger.

    make bench-queue                            about four minutes
    make bench-queue ARGS="--quick"

Embedded is SQLite with the folder broker, cluster is PostgreSQL with Redis; both sync each commit.
The clock starts when the job's row is committed, before the wake-up is put into the broker. It
stops when a worker's child claims the job, and again at the first line of its pipeline: the claim
is then committed, and the image read. The jobs that wait meanwhile are urgent, and due in an hour.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from support.results import Run, begun, table
from support.starting import NAME, now

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from peers.programs import until  # noqa: E402 - the tests' peers
from peers.redis import RedisServer  # noqa: E402
from postgres import PostgreSQL  # noqa: E402

from service.ledger.records import Job, Priority, Result  # noqa: E402
from service.ledger.spool import Spool  # noqa: E402
from service.ledger.sql import SqlLedger, open_ledger  # noqa: E402
from service.queue.broker import Broker  # noqa: E402
from service.queue.celery import CeleryQueue, make_app  # noqa: E402

MANY = 10_000
FULL = 60
STUDY = "1.2.826.0.1.3680043.8.498.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node keeps its jobs."""

    name: str
    data: Path
    url: str
    broker: str


Row = Mapping[str, object]


def main() -> None:
    """Print both tables, and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    times = 20 if parser.parse_args().quick else FULL
    run = begun("queue", "Queue", "make bench-queue", whole=times == FULL)
    latencies: list[Row] = []
    costs: list[Row] = []
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="bench-queue-")))
        for place in _places(folder, held):
            for waiting in (0, MANY):
                latencies += _latency(place, waiting, times)
                print(*latencies[-2:], sep="\n", flush=True)
            for waiting in (0, MANY):
                costs.append(_cost(place, waiting, times))
                print(costs[-1], flush=True)
    _write(run, latencies, costs)


def _places(folder: Path, held: ExitStack) -> Iterator[Place]:
    one, other = folder / "embedded", folder / "cluster"
    one.mkdir()
    other.mkdir()
    yield Place("embedded: SQLite, folder", one, f"sqlite:///{one / 'ledger.sqlite'}", "")
    redis, postgresql = RedisServer(folder), PostgreSQL(fsync="on")
    redis.start()
    held.callback(redis.kill)
    postgresql.start()
    held.callback(postgresql.stop)
    yield Place("cluster: PostgreSQL, Redis", other, postgresql.database(), redis.url)


def _latency(place: Place, waiting: int, times: int) -> list[Row]:
    ledger = open_ledger(place.url, now)
    queue = CeleryQueue(make_app(Broker(place.broker), place.data))
    received = Spool(place.data / "received")
    _fill(ledger, waiting, Priority.URGENT, timedelta(hours=1))
    chance = random.Random(5)  # noqa: S311 - pauses
    claimed, waited = [], []
    with _worker(place, ledger):
        for number in range(times + 3):
            image = _image(f"{STUDY}.{waiting}.{number}")
            received.keep_dataset(image)
            time.sleep(chance.uniform(0.2, 0.5))
            began = place.data / f"{image.SOPInstanceUID}.began"
            job = _job(f"job {waiting} {number}", str(image.SOPInstanceUID))
            ledger.decide([], [job])
            started = time.time()
            queue.put(job.job_id)
            until(began.exists, 30, 0.002)
            waited.append(1000 * (float(began.read_text()) - started))
            at = ledger.job(job.job_id).started_at or now()
            claimed.append(1000 * (at.timestamp() - started))
    ledger.close()
    return [
        _row(f"{place.name}: enqueue to claim", waiting, claimed[3:]),
        _row(f"{place.name}: enqueue to the pipeline's first line", waiting, waited[3:]),
    ]


def _cost(place: Place, waiting: int, times: int) -> Row:
    """Measure what a job with one result costs: decided, claimed, finished, sent."""
    ledger = open_ledger(place.url, now)
    _fill(ledger, waiting, Priority.BACKGROUND, timedelta())
    spent = []
    for number in range(times):
        job = replace(_job(f"cost {waiting} {number}", f"{STUDY}.9"), priority=Priority.URGENT)
        uid = f"{STUDY}.{waiting}.{number}.1"
        result = Result(uid, "1.2", "1.3", STUDY, "1.2.4", 1000, "cad-sr", ("pacs",))
        started = time.perf_counter()
        ledger.decide([], [job])
        claimed = ledger.claim("bench", job.job_id if number % 2 else None)
        if claimed is None:
            raise RuntimeError("nothing could be claimed")
        ledger.finish(claimed, [result], {})
        for delivery in ledger.owed("pacs", 1):
            ledger.sent(delivery)
        spent.append(1000 * (time.perf_counter() - started))
    ledger.close()
    return _row(f"{place.name}: decide, claim, finish, sent", waiting, spent)


@contextmanager
def _worker(place: Place, ledger: SqlLedger) -> Iterator[None]:
    command = [sys.executable, PROJECT / "bench/support/starting.py", place.data, place.url]
    paths = {**os.environ, "PYTHONPATH": str(PROJECT)}  # noqa: TID251 - a child's
    with (place.data / "worker.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own
            [*command, place.broker], env=paths, stdout=log, stderr=log
        )
    try:
        until(lambda: ledger.workers(5), 60, 0.1, (place.data / "worker.log").read_text)
        yield
    finally:
        process.terminate()
        process.wait(30)
        for worker in ledger.workers():
            ledger.absent(worker.owner)


def _fill(ledger: SqlLedger, count: int, priority: Priority, later: timedelta) -> None:
    jobs = [_job(f"waits {priority} {number}", f"{STUDY}.0") for number in range(count)]
    ledger.decide([], [replace(job, priority=priority, run_at=now() + later) for job in jobs])


def _job(job_id: str, sop_instance_uid: str) -> Job:
    made = now()
    priority = Priority.ROUTINE
    return Job(job_id, STUDY, (sop_instance_uid,), "route", NAME, (), priority, made, made)


def _image(sop_instance_uid: str) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = SecondaryCaptureImageStorage
    image.SOPInstanceUID = sop_instance_uid
    image.StudyInstanceUID = STUDY
    image.SeriesInstanceUID = f"{STUDY}.1"
    return image


def _row(what: str, waiting: int, values: Sequence[float]) -> Row:
    """Return one line of the report; `values` are milliseconds."""
    ordered = sorted(values)
    return {
        "what": what,
        "jobs waiting": waiting,
        "times": len(ordered),
        "median, ms": round(statistics.median(ordered), 1),
        "p95, ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
    }


def _write(run: Run, latencies: Sequence[Row], costs: Sequence[Row]) -> None:
    told = (__doc__ or "").split("\n\n")[-1].strip()
    text = (
        f"{run.made()}{told}\n\n## Latency\n\n{table(latencies)}\n\n"
        "## Cost of the ledger per job\n\nThe jobs that wait here are due, in the lowest lane.\n\n"
        f"{table(costs)}"
    )
    waits = [row for row in latencies if "claim" in str(row["what"])]
    figures = {
        "job in the queue to its worker, median: embedded; cluster": _pair(waits),
        "what ledger and queue cost a job with one result, median: embedded; cluster": _pair(costs),
    }
    run.write(text, figures, latencies=latencies, costs=costs)


def _pair(rows: Sequence[Row]) -> str:
    """Return the medians of what was measured with jobs waiting, of both forms of a node."""
    medians = [row["median, ms"] for row in rows if row["jobs waiting"]]
    return "; ".join(f"{one:.1f} ms" for one in medians)


if __name__ == "__main__":
    main()
