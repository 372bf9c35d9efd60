"""A clock that jumps: nothing is lost, and nothing waits for the time to come back."""

from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from clock import now
from peers.programs import MissingPeerError, until

from faults.jobs import is_settled, left, put, quick_jobs
from faults.place import Embedded
from faults.supervised import paths
from service.ledger.records import JobState

JOBS = 6
UNSLEPT = Path(__file__).parent / "unslept"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class MovedClock:
    """The time that the processes of a place are told, and the test beside them."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise MissingPeerError("faketime is not installed: sudo apt-get install faketime")
        self.file = folder / "clock"
        self.offset = timedelta()
        self.variables = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": f"{paths()['PYTHONPATH']}:{UNSLEPT}",
        }
        self.move(timedelta())

    def __call__(self) -> datetime:
        return now() + self.offset

    def move(self, by: timedelta) -> None:
        self.offset += by
        self.file.write_text(f"{self.offset.total_seconds():+.0f}s\n")


@pytest.mark.parametrize("by", [DAY, -HOUR], ids=["forward", "back"])
def test_work_goes_on_when_the_clock_jumps(by, tmp_path):
    clock = MovedClock(tmp_path)
    place = Embedded(tmp_path / "place")
    place.variables.update(clock.variables)
    with place:
        jobs = quick_jobs(place, clock)
        put(place, [*islice(jobs, 2)])
        until(lambda: len(place.pacs.came) == 2, 90, why=lambda: left(place))
        place.pacs.stop()
        put(place, [*islice(jobs, JOBS)])
        until(lambda: any(each.attempts for each in place.ledger.deliveries()), 30)

        clock.move(by)
        put(place, [*islice(jobs, JOBS)])
        place.pacs.start()

        until(lambda: is_settled(place), 120, why=lambda: left(place))
        assert {job.state for job in place.ledger.jobs(limit=None)} == {JobState.DONE}
        assert {came.study_instance_uid for came in place.pacs.came} == {
            job.study_instance_uid for job in place.ledger.jobs(limit=None)
        }
