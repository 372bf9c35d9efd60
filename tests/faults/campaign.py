"""The chaos campaign: jobs are done while everything that can fail does; none may be lost.

Run as a program: ``python -m faults.campaign --jobs 200 --seeds 3 --form both``, or ``make chaos``.
"""

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from clock import now
from peers.programs import until
from working import job_of, plain_image

from faults.blows import Blows
from faults.place import FORMS, Place
from faults.plain import control
from faults.tally import Tally, stored, table
from service.errors import UnavailableError
from service.ledger.records import Job, JobState
from service.queue.celery import CeleryQueue, make_app

POISON = 5
ROOT = "2.25.20261124"
FIRST_S = 90
"""Until a first job is done: everything is started by then."""
HEAL_S = 90
"""After the last blow all must be well within this time, by itself."""


def campaign(form: str, folder: Path, jobs: int, rounds: int, seed: int) -> Tally:
    """Return what came of that many jobs while every blow fell `rounds` times."""
    chance = Random(seed)  # noqa: S311 - the same chance for the same seed
    with FORMS[form](folder) as place:
        waiting = _jobs(place, jobs, chance)
        _put(place, [next(waiting) for _ in range(3)])
        until(lambda: place.pacs.came, FIRST_S, why=place.log)
        blows = Blows(place, chance)
        done: Counter[str] = Counter()
        plan = list(blows.plan(rounds))
        share = -(-(jobs - 3) // len(plan))
        for name, blow in plan:
            _put(place, [job for job, _ in zip(waiting, range(share), strict=False)])
            time.sleep(chance.uniform(0.1, 0.8))
            blow()
            done[name] += 1
        blows.end()
        ended = time.monotonic()
        _settle(place, jobs)
        return _count(place, form, seed, jobs, time.monotonic() - ended, done)


def _jobs(place: Place, many: int, chance: Random) -> Iterator[Job]:
    """Yield the jobs, their images in the spool: poison among them where chance has it."""
    poison = set(chance.sample(range(3, many), POISON))
    for number in range(many):
        image = plain_image(f"{ROOT}.{number}.1", f"{ROOT}.{number}")
        place.received.keep_dataset(image)
        pipeline = "poison" if number in poison else "quick"
        yield job_of(image, pipeline, created_at=now(), run_at=now())


def _put(place: Place, jobs: list[Job]) -> None:
    """Enter jobs as the router does: again, until the ledger has them."""
    until(lambda: _entered(place, jobs), 60)


def _entered(place: Place, jobs: list[Job]) -> bool:
    try:
        place.ledger.decide([], jobs)
    except UnavailableError:
        return False
    return True


def _settle(place: Place, jobs: int) -> None:
    """Wait until every job has ended and every result has been acknowledged, or time is up."""
    try:
        until(lambda: _is_settled(place, jobs), HEAL_S, every=0.2)
    except TimeoutError:
        print(place.log(), *_left(place), sep="\n", file=sys.stderr)


def _left(place: Place) -> list[object]:
    """Return what has not ended, for whoever must find out why."""
    jobs = [job for job in place.ledger.jobs(limit=None) if job.state.is_open]
    return [*jobs, *place.ledger.deliveries(state="owed", limit=None)]


def _is_settled(place: Place, jobs: int) -> bool:
    try:
        ended = [job for job in place.ledger.jobs(limit=None) if not job.state.is_open]
        return len(ended) == jobs and not place.ledger.deliveries(state="owed", limit=1)
    except UnavailableError:
        return False


def _count(
    place: Place, form: str, seed: int, jobs: int, healed_s: float, blows: Counter[str]
) -> Tally:
    found, twice = stored((came.study_instance_uid, came.sop_instance_uid) for came in place.pacs.came)
    rows = place.ledger.jobs(limit=None)
    made = [job for job in rows if job.state is JobState.DONE]
    arrived = {job.job_id for job in made if job.study_instance_uid in found}
    poison = [job for job in rows if job.pipeline == "poison"]
    kept = Counter(result.study_instance_uid for job in rows for result in _results(place, job))
    return Tally(
        form,
        seed,
        jobs,
        done=len(arrived),
        twice=twice,
        doubled=sum(len(found.get(uid, ())) > 1 or kept[uid] > 1 for uid in {*found, *kept}),
        lost=jobs - POISON - len(arrived),
        poison=sum(job.state is JobState.PARKED and job.crashes == 3 for job in poison),
        healed_s=healed_s,
        blows=blows,
    )


def _results(place: Place, job: Job):
    return place.ledger.results(job.job_id)


def main() -> int:
    """Run the campaign and its control, print the table, and return 1 if a job was lost."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=4, help="times that every blow falls")
    parser.add_argument("--form", choices=[*FORMS, "both"], default="both")
    asked = parser.parse_args()
    forms = list(FORMS) if asked.form == "both" else [asked.form]
    tallies = []
    for form in forms:
        for seed in range(1, asked.seeds + 1):
            with TemporaryDirectory(prefix="senoscope-chaos-") as folder:
                tallies.append(campaign(form, Path(folder) / form, asked.jobs, asked.rounds, seed))
            print(*tallies[-1].cells, sep=" | ", file=sys.stderr, flush=True)
    with TemporaryDirectory(prefix="senoscope-chaos-") as folder:
        without = control(Path(folder), asked.jobs, asked.rounds, seed=1)
    print(table([*tallies, without]))
    is_well = all(not t.lost and not t.doubled and t.poison == POISON for t in tallies)
    return 0 if is_well and without.lost else 1


if __name__ == "__main__":
    sys.exit(main())
