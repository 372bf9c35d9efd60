"""Four views over real associations, in any order: one set of jobs, as soon as the last is here."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest
from clock import now
from loopback import Door, door
from peers.dcmtk import storescu
from peers.programs import until
from phantoms import saved, study
from pydicom import Dataset
from routing import SMALL, Enlarges, routes

from service.router.complete import ALL_HERE
from service.router.router import Router

FOUR = {"views": ["RCC", "LCC", "RMLO", "LMLO"], "quiet_s": 900, "at_most_s": 900}
SOON_S = 2.0
ORDERS = [*permutations(range(4))][::5]


class Queue(list[str]):
    """What would wake a worker."""

    def put(self, job_id: str) -> None:
        self.append(job_id)


class Receiving:
    """A listener and a router, each at its work."""

    def __init__(self, there: Door) -> None:
        self.there = there
        self.queue = Queue()
        self.router = Router(
            there.ledger,
            there.spool,
            lambda: self.routes,
            {"sr": Enlarges()},
            {"sr": "1"},
            self.queue,
            now,
        )
        self.routes = routes(complete=FOUR)

    def judged(self, image: Dataset) -> None:
        """Wait until the study of `image` is judged."""
        uid = image.StudyInstanceUID
        until(lambda: self.there.ledger.completions(uid), 10, why=lambda: "it is not judged")

    def is_one_set_soon(self, images: list[Dataset]) -> None:
        """See that one set of jobs was made of `images`, soon after the last was durable."""
        ledger, uid = self.there.ledger, images[0].StudyInstanceUID
        (completion,) = ledger.completions(uid)
        jobs = ledger.jobs(uid)
        last = max(one.received_at for one in ledger.instances(uid))
        assert completion.reason == ALL_HERE
        assert sorted(job.sop_instance_uids for job in jobs) == sorted(
            (image.SOPInstanceUID,) for image in images
        )
        assert {job.rerun for job in jobs} == {0}
        assert {(job.created_at - last).total_seconds() < SOON_S for job in jobs} == {True}


@pytest.fixture
def receiving(tmp_path) -> Iterator[Receiving]:
    stop = threading.Event()
    with door(tmp_path / "node") as there:
        made = Receiving(there)
        loop = threading.Thread(target=made.router.run, args=(stop,))
        loop.start()
        yield made
        stop.set()
        loop.join()


def written(seed: int, folder: Path) -> tuple[list[Dataset], list[Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    images = study(seed=seed, **SMALL)
    return images, [saved(image, folder) for image in images]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_four_views_on_an_association_each_make_one_set_of_jobs(receiving, tmp_path, order):
    images, paths = written(1, tmp_path / "out")

    for place in order:
        assert storescu([paths[place]], receiving.there.port).returncode == 0

    receiving.judged(images[0])
    receiving.is_one_set_soon(images)
    assert len(receiving.queue) == 4


def test_studies_whose_associations_run_into_each_other_make_one_set_each(receiving, tmp_path):
    several = [written(seed, tmp_path / f"out{seed}") for seed in range(3)]
    halves = [paths[start::2] for _, paths in several for start in (0, 1)]

    with ThreadPoolExecutor(len(halves)) as pool:
        sent = [*pool.map(lambda paths: storescu(paths, receiving.there.port), halves)]

    assert {one.returncode for one in sent} == {0}
    for images, _ in several:
        receiving.judged(images[0])
        receiving.is_one_set_soon(images)
    assert len(set(receiving.queue)) == len(receiving.queue) == 12


def test_three_views_wait_and_the_fourth_ends_the_wait(receiving, tmp_path):
    images, paths = written(4, tmp_path / "out")
    storescu(paths[:3], receiving.there.port)
    threading.Event().wait(2.5)
    assert receiving.there.ledger.completions(images[0].StudyInstanceUID) == []

    storescu(paths[3:], receiving.there.port)

    receiving.judged(images[0])
    receiving.is_one_set_soon(images)


def test_three_views_are_judged_at_last_and_the_fourth_makes_a_rerun(receiving, tmp_path):
    receiving.routes = routes(complete=FOUR | {"quiet_s": 1})
    images, paths = written(5, tmp_path / "out")
    ledger, uid = receiving.there.ledger, images[0].StudyInstanceUID
    storescu(paths[:3], receiving.there.port)
    receiving.judged(images[0])

    storescu(paths[3:], receiving.there.port)
    until(lambda: len(ledger.completions(uid)) == 2, 10, why=lambda: "no re-run")

    first, second = ledger.completions(uid)
    assert first.reason == f"nothing came for 1 s: {first.missing[0]} did not come"
    assert (second.reason, second.rerun, second.jobs) == (ALL_HERE, 1, 1)
    assert sorted(job.rerun for job in ledger.jobs(uid)) == [0, 0, 0, 1]
