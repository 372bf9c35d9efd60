"""A PACS that is away, full, choosy or rude: all it takes arrives, once, without hands."""

import time
from collections.abc import Iterator
from itertools import islice

import pytest
from peers.pacs import ABORT
from peers.programs import until

from faults.jobs import is_settled, left, put, quick_jobs
from faults.place import Embedded, Place
from service.ledger.records import DeliveryState

JOBS = 6
AWAY_S = 8.0
WARNING, FULL, NOT_UNDERSTOOD = 0xB000, 0xA700, 0xC000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Embedded(tmp_path_factory.mktemp("place")) as place:
        yield place


@pytest.fixture
def place(shared: Place) -> Iterator[Place]:
    """A place whose PACS took all there was."""
    yield shared
    shared.pacs.conduct = lambda _: 0
    assert shared.serve.starts == 1, shared.log()


def sent(place: Place) -> set[str]:
    """Put some jobs, and return their studies."""
    jobs = [*islice(quick_jobs(place), JOBS)]
    put(place, jobs)
    return {job.study_instance_uid for job in jobs}


def there(place: Place) -> list[str]:
    return [came.study_instance_uid for came in place.pacs.came]


def test_what_was_owed_while_the_pacs_was_away_arrives_when_it_is_back(place: Place):
    place.pacs.stop()
    studies = sent(place)
    time.sleep(AWAY_S)
    assert studies.isdisjoint(there(place))

    place.pacs.start()

    until(lambda: studies <= set(there(place)), 90, why=lambda: left(place))
    until(lambda: is_settled(place), 30, why=lambda: left(place))


def test_a_warning_is_a_success(place: Place):
    place.pacs.conduct = lambda _: WARNING

    studies = sent(place)

    until(lambda: studies <= set(there(place)), 60, why=lambda: left(place))
    until(lambda: is_settled(place), 30, why=lambda: left(place))


def test_a_full_pacs_is_asked_again(place: Place):
    first = place.pacs.asked
    place.pacs.conduct = lambda number: FULL if number < first + JOBS // 2 else 0

    studies = sent(place)

    until(lambda: studies <= set(there(place)), 90, why=lambda: left(place))


def test_a_pacs_that_aborts_midway_gets_the_rest_afterwards(place: Place):
    place.pacs.conduct = lambda number: ABORT if number % 3 == 1 else 0

    studies = sent(place)

    until(lambda: studies <= set(there(place)), 120, why=lambda: left(place))


def test_what_is_refused_for_good_is_parked_and_keeps_nobody_waiting(place: Place):
    place.pacs.conduct = lambda _: NOT_UNDERSTOOD
    refused = sent(place)
    until(lambda: parked(place) == refused, 60, why=lambda: left(place))
    place.pacs.conduct = lambda _: 0

    studies = sent(place)

    until(lambda: studies <= set(there(place)), 60, why=lambda: left(place))
    assert all("C000" in each.error for each in place.ledger.deliveries(state=DeliveryState.PARKED))


def parked(place: Place) -> set[str]:
    return {
        place.ledger.job(each.job_id).study_instance_uid
        for each in place.ledger.deliveries(state=DeliveryState.PARKED, limit=None)
    }
