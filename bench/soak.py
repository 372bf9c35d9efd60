"""A thousand studies through the cluster form on loopback: what is lost, doubled, and piled up.

    make soak                                   1,000 studies, about five minutes
    make soak ARGS="--studies 50"

The services of deploy/compose.yaml run as processes (docs/deployment.md), with Redis, PostgreSQL,
and a PACS that counts what it is sent. Studies are one small phantom each; no more than a few are
under way at a time, so that a turnaround is not that of a backlog.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from support.memory import Memory
from support.results import begun, table

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from composed import composed  # noqa: E402 - the tests' peers
from mirrored import Mirror, all_alive, ask_for_password, ports_of, redis_of  # noqa: E402
from peers.dcmtk import storescu  # noqa: E402
from peers.pacs import Pacs  # noqa: E402
from peers.programs import HOST, until  # noqa: E402
from phantoms import mammogram, saved  # noqa: E402
from postgres import PostgreSQL  # noqa: E402

from service.ledger.records import JobState  # noqa: E402
from service.ledger.tables import deliveries, jobs, turnarounds  # noqa: E402

FULL = 1000
AT_ONCE = 5
"""Studies of one association."""
UNDER_WAY = 10
"""Most studies that are not through when the next are sent."""
WARMED_UP = 0.5
"""Of the studies: the slope of memory is taken from there on, when caches and pools have filled."""
THROUGH_S = 300
LOST = "of them not at the PACS"
DOUBLED = "results that came twice under one UID"
TURNAROUND = "turnaround, median / p95 / p99, s"
CLINIC = jobs.c.route == "screening"


def main() -> None:
    """Print what came of it; write it if it was the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=FULL)
    studies = parser.parse_args().studies
    run = begun("soak", "Soak", "make soak", whole=studies >= FULL)
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="senoscope-soak-")))
        pacs = held.enter_context(Pacs())
        cluster, ledger = held.enter_context(_cluster(folder, pacs))
        memory = Memory({name: one.pid for name, one in cluster.processes.items()})
        start = time.monotonic()
        for done in _send(studies, cluster, ledger, folder):
            memory.look(done)
            print(f"{done} of {studies} sent", flush=True)
        _wait_until(studies, cluster, ledger)
        until(lambda: not _open(ledger), THROUGH_S, 0.5, cluster.logs)
        memory.look(studies)
        minutes = (time.monotonic() - start) / 60
        outcome = {"studies sent": studies, **_outcome(ledger, pacs)}
    found = memory.slopes(studies * WARMED_UP)
    slopes = [slope.row() for slope in found]
    grown = [one.per_1000 for one in found if one.per_1000 is not None]
    run.write(
        f"{run.made()}{_told(minutes, outcome)}{table(slopes)}",
        {
            f"{studies:,} studies through the cluster form: lost; doubled": (
                f"{outcome[LOST]}; {outcome[DOUBLED]}"
            ),
            "... turnaround, median / p95 / p99, s": str(outcome[TURNAROUND]),
            "... memory of a process, MB more per 1,000 studies": (
                f"{min(grown):+.1f} to {max(grown):+.1f}" if grown else "too few looks"
            ),
        },
        outcome=outcome,
        memory=slopes,
        memory_mb={"studies": memory.done, **memory.found},
    )


@contextmanager
def _cluster(folder: Path, pacs: Pacs) -> Iterator[tuple[Mirror, sa.Engine]]:
    """Yield all services of compose.yaml, started, and the ledger's database."""
    file = composed(PROJECT / "deploy/compose.yaml")
    ports = ports_of(["listener:11112", "console:8080", "redis:6379"])
    server = PostgreSQL(fsync="on")
    server.start()
    mirror = Mirror(file, folder, {**ports, "pacs:4242": pacs.port, "postgres:5432": server.port})
    mirror.lay_out()
    password = mirror.secret("ledger_password")
    ask_for_password(server, password)
    redis = redis_of(file, folder, ports["redis:6379"])
    redis.start()
    where = f"postgresql+psycopg://senoscope:{password}@{HOST}:{server.port}/senoscope"
    try:
        for service in file.nodes.values():
            mirror.start(service)
        all_alive(mirror)
        yield mirror, sa.create_engine(where)
    finally:
        mirror.stop()
        redis.kill()
        server.stop()


def _send(studies: int, cluster: Mirror, ledger: sa.Engine, folder: Path) -> Iterator[int]:
    """Send all, some at a time; yield how many were sent."""
    for first in range(0, studies, AT_ONCE):
        numbers = range(first, min(studies, first + AT_ONCE))
        _wait_until(first - UNDER_WAY, cluster, ledger)
        exposed = [mammogram(rows=64, columns=48, seed=number) for number in numbers]
        images = [saved(image, folder) for image in exposed]
        sent = storescu(images, cluster.ports["listener:11112"])
        if sent.returncode:
            raise SystemExit(f"storescu: {sent.output}")
        yield numbers.stop


def _wait_until(through: int, cluster: Mirror, ledger: sa.Engine) -> None:
    """Wait until so many studies are through."""
    until(lambda: _through(ledger) >= through, THROUGH_S, 0.1, cluster.logs)


def _through(ledger: sa.Engine) -> int:
    with ledger.connect() as connection:
        counted = sa.select(sa.func.count()).select_from(turnarounds)
        return int(connection.scalar(counted.where(turnarounds.c.route == "screening")) or 0)


def _open(ledger: sa.Engine) -> bool:
    is_open = jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING])
    with ledger.connect() as connection:
        waiting = connection.scalar(sa.select(sa.func.count()).where(is_open, CLINIC))
        owed = connection.scalar(sa.select(sa.func.count()).where(deliveries.c.state == "owed"))
        return bool(waiting or owed)


def _outcome(ledger: sa.Engine, pacs: Pacs) -> dict[str, object]:
    """Return what the ledger and the PACS say, by what the report calls it."""
    with ledger.connect() as connection:
        of_study = connection.execute(
            sa.select(jobs.c.study_instance_uid, jobs.c.state).where(CLINIC)
        ).all()
        sent = connection.scalars(
            sa.select(deliveries.c.sop_instance_uid).where(
                deliveries.c.state == "sent", deliveries.c.destination == "pacs"
            )
        ).all()
        seconds = connection.scalars(
            sa.select(turnarounds.c.seconds).where(turnarounds.c.route == "screening")
        ).all()
    arrived = Counter(one.sop_instance_uid for one in pacs.came)
    by_study = Counter(one.study_instance_uid for one in {*pacs.came})
    states = Counter(str(state) for _, state in of_study)
    middle, late, last = np.percentile(seconds, [50, 95, 99])
    return {
        "studies with a job": len({study for study, _ in of_study}),
        "jobs, by state": ", ".join(f"{count} {state}" for state, count in states.items()),
        "results that the ledger says were sent": len(sent),
        LOST: len(set(sent) - set(arrived)),
        "results at the PACS that the ledger does not know": len(set(arrived) - set(sent)),
        "results a study": ", ".join(
            f"{each} ({count} studies)" for each, count in Counter(by_study.values()).items()
        ),
        DOUBLED: sum(count > 1 for count in arrived.values()),
        TURNAROUND: f"{middle:.1f} / {late:.1f} / {last:.1f}",
    }


def _told(minutes: float, outcome: dict[str, object]) -> str:
    rows = [f"| {what} | {value} |" for what, value in outcome.items()]
    return "\n".join(
        [
            f"{minutes:.1f} minutes; one phantom a study, super-resolution,",
            f"{UNDER_WAY + AT_ONCE} under way at most;",
            "turnaround: last image received to last result acknowledged, 1 s of quiet within.",
            "",
            "| what | found |",
            "| --- | --- |",
            *rows,
            "",
            f"Memory of each service, and of its children (USS), after {WARMED_UP:.0%} of the",
            "studies; all that was seen is in soak.json;",
            "the error counts that what is seen is like what was seen just before.",
            "",
            "",
        ]
    )


if __name__ == "__main__":
    main()
