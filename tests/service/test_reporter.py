"""A study that was given up has a report that says so."""

import threading
from dataclasses import dataclass, field

import pytest
from peers.programs import until
from working import Copying, job_of, make_worker, plain_image

from pipelines.kinds import USUAL, Kind, Made
from pipelines.pipeline import Product
from service.ledger.moves import MOST_CRASHES
from service.ledger.records import JobState
from service.worker.reporter import Reporter

IMAGE = plain_image("1.2.3")
JOB = job_of(IMAGE, "read")


@dataclass(frozen=True)
class Reading(Copying):
    """A pipeline that takes studies, and reports which code it was given up with."""

    takes_studies = True
    codes: list[str] = field(default_factory=list)

    def not_analysed(self, headers, cards, code, context):
        del cards, context
        self.codes.append(code)
        (header,) = headers
        return [Made(plain_image(f"{header.SOPInstanceUID}.98", "1.2"), Kind.CAD_SR)]


@pytest.fixture
def worker(tmp_path):
    made = make_worker(tmp_path)
    made.received.keep_dataset(IMAGE)
    made.ledger.decide([], [JOB])
    yield made
    made.ledger.close()


def reporter(worker, pipeline, accepts=USUAL):
    return Reporter(
        ledger=worker.ledger,
        received=worker.received,
        results=worker.results,
        pipelines={"read": pipeline, "copy": Copying("copy")},
        cards=lambda _: [],
        accepts=lambda _: accepts,
        product=Product("0.1.0", "SERIAL-1", "SENOSCOPE"),
        site_key=b"a key of this site",
    )


def crash(worker):
    for _ in range(MOST_CRASHES):
        until(lambda: worker.ledger.claim("child", JOB.job_id), seconds=10)
        worker.ledger.crashed("child", "its process died")


def owed(worker):
    return [one.sop_instance_uid for one in worker.ledger.owed("pacs")]


def test_a_job_that_killed_its_process_too_often_is_reported_once(worker):
    pipeline = Reading("read")
    crash(worker)

    for _ in range(2):
        reporter(worker, pipeline).report(set())

    assert owed(worker) == ["1.2.3.98"]
    assert pipeline.codes == ["CRASH"]
    assert worker.ledger.job(JOB.job_id).state is JobState.PARKED
    assert [one.is_failure for one in worker.ledger.results(JOB.job_id)] == [True]


def test_a_job_that_was_refused_is_reported_by_its_own_code(worker):
    pipeline = Reading("read")
    worker.ledger.refuse_job(worker.ledger.claim("child", JOB.job_id), "broken")

    reporter(worker, pipeline).report(set())

    assert pipeline.codes == ["INPUT"]


def test_nobody_is_told_who_does_not_accept_it_and_it_is_not_tried_again(worker):
    pipeline, hopeless = Reading("read"), set()
    crash(worker)
    at_work = reporter(worker, pipeline, accepts={Kind.SEG})

    at_work.report(hopeless)
    at_work.report(hopeless)

    assert owed(worker) == []
    assert hopeless == {JOB.job_id}
    assert pipeline.codes == ["CRASH"]


def test_other_pipelines_do_not_report(worker):
    job, hopeless = job_of(IMAGE, "copy"), set()
    worker.ledger.decide([], [job])
    worker.ledger.refuse_job(worker.ledger.claim("child", job.job_id), "broken")

    reporter(worker, Reading("read")).report(hopeless)

    assert owed(worker) == []
    assert hopeless == set()


def test_a_job_that_is_retried_is_reported_no_more(worker):
    crash(worker)
    at_work = reporter(worker, Reading("read"))
    parked = worker.ledger.job(JOB.job_id)
    worker.ledger.retry(JOB.job_id)

    assert not worker.ledger.report_failure(parked, [])
    at_work.report(set())

    assert owed(worker) == []


def test_it_works_until_it_is_stopped(worker):
    crash(worker)
    stop = threading.Event()
    thread = threading.Thread(target=reporter(worker, Reading("read")).run, args=(stop,))
    thread.start()

    until(lambda: owed(worker), seconds=20)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()
