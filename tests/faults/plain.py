"""The negative control: the same chaos for plain Celery on Redis, without a ledger, loses jobs.

Run as a program, it is the worker: ``python -m faults.plain BROKER FOLDER``.
"""

import logging
import os
import signal
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random
from uuid import uuid4

import redis
from celery import Celery
from kombu.exceptions import OperationalError
from peers.programs import until
from peers.redis import RedisServer

from faults.supervised import Supervised, python, send
from faults.tally import Tally, stored

WORK_S = 0.03
QUIET_S = 5.0
"""Nothing more is done for so long: nothing more comes."""


def make_plain_app(broker: str, folder: Path) -> Celery:
    """Return an app as tutorials have it, with late acknowledgement."""
    app = Celery("plain", broker=broker, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        task_publish_retry=False,
    )

    @app.task(name="work")
    def work(source: str) -> None:
        time.sleep(WORK_S)
        (folder / f"{source}~{uuid4().int}").touch()

    return app


def control(folder: Path, jobs: int, rounds: int, seed: int) -> Tally:
    """Return what came of that many tasks while Redis and the worker died `rounds` times."""
    chance = Random(seed)  # noqa: S311 - the same chance for the same seed
    out = folder / "out"
    out.mkdir(parents=True)
    server = RedisServer(folder)
    server.start()
    app = make_plain_app(server.url, out)
    worker = Supervised(python("faults.plain", server.url, out), folder / "worker.log", {})
    try:
        sources = iter(range(jobs))
        _put(app, [next(sources)])
        until(lambda: list(out.iterdir()), 90, why=(folder / "worker.log").read_text)
        plan = ["Celery parent killed", "Redis killed", "Redis FLUSHALL"] * rounds
        chance.shuffle(plan)
        share = -(-(jobs - 1) // len(plan))
        for blow in plan:
            _put(app, [*islice(sources, share)])
            time.sleep(chance.uniform(0.1, 0.3))
            _strike(blow, server, worker)
        ended = time.monotonic()
        _wait_until_quiet(out)
        return _count(out, jobs, seed, time.monotonic() - ended - QUIET_S, Counter(plan))
    finally:
        worker.close()
        app.pool.force_close_all()
        server.kill()


def _put(app: Celery, sources: list[int]) -> None:
    for source in sources:
        until(lambda source=source: _sent(app, source), 30)


def _sent(app: Celery, source: int) -> bool:
    try:
        app.send_task("work", args=[str(source)])
    except (OperationalError, OSError):
        return False
    return True


def _strike(blow: str, server: RedisServer, worker: Supervised) -> None:
    if blow == "Celery parent killed":
        children = worker.children()
        for pid in (worker.pid, *children):
            send(pid, signal.SIGKILL)
    elif blow == "Redis killed":
        server.kill()
        server.start()
    else:
        with redis.Redis(port=server.port) as client:
            client.flushall()


def _wait_until_quiet(out: Path) -> None:
    before, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        many = len(list(out.iterdir()))
        if many != before:
            before, since = many, time.monotonic()
        time.sleep(0.1)


def _count(out: Path, jobs: int, seed: int, healed_s: float, blows: Counter[str]) -> Tally:
    pairs = [path.name.split("~") for path in out.iterdir()]
    found, twice = stored((source, uid) for source, uid in pairs)
    doubled = sum(len(uids) > 1 for uids in found.values())
    form = "no ledger"
    return Tally(
        form, seed, jobs, len(found), twice, doubled, jobs - len(found), 0, healed_s, blows
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO)
    app = make_plain_app(sys.argv[1], Path(sys.argv[2]))
    app.Worker(concurrency=1, hostname=f"plain-{os.getpid()}", quiet=True).start()


if __name__ == "__main__":
    main()
