"""What is found and counted in the ledger, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from clock import Clock
from consoles import study_with_a_failed_job, study_with_results
from working import plain_image, row_of

from service.errors import UnknownError
from service.ledger.records import DeliveryState, JobState, Result
from service.ledger.sql import open_ledger
from service.ledger.standing import Search, StudyState


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger_url, clock):
    opened = open_ledger(ledger_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def several(ledger, clock):
    """Studies that failed, wait to be sent, are done and are still coming, each an hour apart."""
    study_with_a_failed_job(ledger, "1.2.1")
    clock.pass_(3600)
    study_with_results(ledger, "1.2.2")
    clock.pass_(3600)
    study_with_results(ledger, "1.2.3", sent=True)
    clock.pass_(3600)
    ledger.record(row_of(plain_image("1.9.1", "1.9"), received_at=clock()))
    return ledger


def found(ledger, **wanted):
    return [one.study.study_instance_uid for one in ledger.found_studies(Search(**wanted))]


def test_each_study_is_found_in_its_state(several):
    states = {one.study.study_instance_uid: one.state for one in several.found_studies(Search())}

    assert states == {
        "1.9": StudyState.RECEIVING,
        "1.2.3": StudyState.DONE,
        "1.2.2": StudyState.SENDING,
        "1.2.1": StudyState.FAILED,
    }
    for uid, state in states.items():
        assert found(several, state=state) == [uid]


def test_studies_are_found_by_uid_sender_and_time_page_by_page(several, clock):
    assert found(several, text="1.2.") == ["1.2.3", "1.2.2", "1.2.1"]
    assert found(several, text="dalit") == ["1.9", "1.2.3", "1.2.2", "1.2.1"]
    assert found(several, text="1_2") == []
    assert found(several, since=clock() - timedelta(hours=1)) == ["1.9", "1.2.3"]
    assert found(several, limit=2, offset=1) == ["1.2.3", "1.2.2"]


def test_jobs_and_deliveries_are_found_by_state_and_what_they_belong_to(several):
    (dead,) = several.found_jobs(Search(state=JobState.DEAD))
    assert dead.study_instance_uid == "1.2.1"
    assert len(several.found_jobs(Search(text="super-res"))) == 3
    ((study, owed),) = several.found_deliveries(Search(state=DeliveryState.OWED))
    assert (study, owed.error) == ("1.2.2", "connection refused")
    assert several.found_deliveries(Search(destination="other")) == []


def test_the_overview_counts_by_state_and_by_hour(several):
    told = several.overview()

    assert (told.studies, told.jobs) == (4, {"dead": 1, "done": 2})
    assert told.by_state == {"failed": 1, "receiving": 1, "working": 0, "sending": 1, "done": 1}
    assert told.deliveries == {"owed": 1, "sent": 1}
    assert [(hour.studies, hour.jobs) for hour in told.hours[-4:]] == [
        (1, 0),
        (1, 1),
        (1, 1),
        (1, 0),
    ]
    assert len(told.hours) == 24


def test_the_overview_counts_a_study_once_however_much_is_owed_of_it(several):
    now = several.now()
    image, job = plain_image("1.2.2.1", "1.2.2"), several.found_jobs(Search(text="1.2.2"))[0]
    again = replace(job, job_id="again", state=JobState.QUEUED, created_at=now, run_at=now)
    several.decide([], [again, replace(again, job_id="and-again")])
    several.record(row_of(plain_image("1.9.2", "1.9"), received_at=now))
    results = [
        Result(
            f"1.2.2.{n}",
            "1.2.840",
            str(image.SOPInstanceUID),
            "1.2.2",
            "1.2.8.1",
            1,
            "seg",
            ("pacs",),
        )
        for n in (7, 8)
    ]
    several.finish(several.claim("worker", "again"), results, {})

    told = several.overview()

    assert told.deliveries == {"owed": 3, "sent": 1}
    assert told.by_state == {"failed": 1, "receiving": 1, "working": 1, "sending": 1, "done": 1}


def test_a_study_that_never_came_has_no_standing(ledger):
    with pytest.raises(UnknownError, match=r"9\.9"):
        ledger.standing("9.9")
