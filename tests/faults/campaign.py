"""The chaos campaign: jobs are done while everything that can fail does; none may be lost.

Run as a program: ``python -m faults.campaign --jobs 200 --seeds 3 --form both``, or ``make chaos``.
"""

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from clock import now
from peers.programs import until

from faults.blows import Blows
from faults.jobs import is_settled, job, left, put
from faults.place import FORMS, Place
from faults.plain import control
from faults.tally import Tally, stored, table
from service.ledger.records import Job, JobState

POISON = 5
FIRST = 3
"""Jobs that show that all is started, before anything is done to it."""
FIRST_S = 90
"""Until a first job is done: everything is started by then."""
PROGRESS_S = 10
"""Longest wait for it between two blows."""
HEAL_S = 300
"""After the last blow all must be well within this time, by itself."""


def campaign(form: str, folder: Path, jobs: int, rounds: int, seed: int) -> Tally:
    """Return what came of that many jobs while every blow fell `rounds` times."""
    chance = Random(seed)  # noqa: S311 - the same chance for the same seed
    with FORMS[form](folder) as place:
        waiting = _jobs(place, jobs, chance)
        put(place, [*islice(waiting, FIRST)])
        until(lambda: place.pacs.came, FIRST_S, why=place.log)
        blows = Blows(place, chance)
        done: Counter[str] = Counter()
        plan = list(blows.plan(rounds))
        share = -(-(jobs - FIRST) // len(plan))
        for name, blow in plan:
            put(place, [*islice(waiting, share)])
            _wait_for_progress(place)
            time.sleep(chance.uniform(0, 0.3))
            blow()
            done[name] += 1
        blows.end()
        ended = time.monotonic()
        _settle(place)
        return _count(place, form, seed, jobs, time.monotonic() - ended, done)


def _jobs(place: Place, many: int, chance: Random) -> Iterator[Job]:
    """Yield the jobs, poison among them where chance has it."""
    poison = set(chance.sample(range(FIRST, many), POISON))
    for number in range(many):
        yield job(place, number, "poison" if number in poison else "quick", now())


def _wait_for_progress(place: Place) -> None:
    """Wait until the node works again, or the bound is reached: blows on a dead node are none."""
    deadline = time.monotonic() + PROGRESS_S
    before = len(place.pacs.came)
    while len(place.pacs.came) == before and time.monotonic() < deadline:
        time.sleep(0.02)


def _settle(place: Place) -> None:
    """Wait until all is well, or time is up: the tally tells which."""
    try:
        until(lambda: is_settled(place), HEAL_S, every=0.2)
    except TimeoutError:
        sys.stderr.write(left(place))


def _count(
    place: Place, form: str, seed: int, jobs: int, healed_s: float, blows: Counter[str]
) -> Tally:
    found, twice = stored(
        (came.study_instance_uid, came.sop_instance_uid) for came in place.pacs.came
    )
    rows = place.ledger.jobs(limit=None)
    made = [each for each in rows if each.state is JobState.DONE]
    arrived = [each for each in made if each.study_instance_uid in found]
    poison = [each for each in rows if each.pipeline == "poison"]
    kept = Counter(
        result.study_instance_uid for each in rows for result in place.ledger.results(each.job_id)
    )
    return Tally(
        form,
        seed,
        jobs,
        done=len(arrived),
        twice=twice,
        doubled=sum(len(found.get(uid, ())) > 1 or kept[uid] > 1 for uid in {*found, *kept}),
        lost=jobs - POISON - len(arrived),
        poison=sum(each.state is JobState.PARKED and each.crashes == 3 for each in poison),
        healed_s=healed_s,
        blows=blows,
    )


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
            sys.stderr.write(f"{' | '.join(tallies[-1].cells)}\n")
    with TemporaryDirectory(prefix="senoscope-chaos-") as folder:
        without = control(Path(folder), asked.jobs, asked.rounds, seed=1)
    sys.stdout.write(f"{table([*tallies, without])}\n")
    is_well = all(not t.lost and not t.doubled and t.poison == POISON for t in tallies)
    return 0 if is_well and without.lost else 1


if __name__ == "__main__":
    sys.exit(main())
