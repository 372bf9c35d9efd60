import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from doubling import DoublingEngine, context
from peers.programs import until
from working import PIPELINES, Copying, job_of, make_worker, plain_image

from engines.engine import UnusableError
from pipelines.pipeline import Context
from service.celery_worker import do_job, how_it_died, is_from_outside, where
from service.errors import UnavailableError
from service.ledger.moves import LEASE
from service.ledger.records import JobState
from service.worker.heart import Heart
from service.worker.owner import this_process

IMAGE = plain_image("1.2.3")


@pytest.fixture
def worker(tmp_path):
    made = make_worker(tmp_path)
    yield made
    made.ledger.close()


def put(worker, pipeline, image=IMAGE):
    """Let a job be due."""
    worker.received.keep_dataset(image)
    job = job_of(image, pipeline)
    worker.ledger.decide([], [job])
    return job.job_id


def outcome(worker, job_id):
    job = worker.ledger.job(job_id)
    return job.state, job.error


@dataclass(frozen=True)
class Remembering(Copying):
    """Remembers what it was given, and does `meanwhile` on its way."""

    seen: list[Context] = field(default_factory=list)
    meanwhile: Callable[[], object] = int

    def run(self, image, context):
        self.seen.append(context)
        self.meanwhile()
        return super().run(image, context)


def test_a_job_becomes_a_result_that_is_owed(worker):
    job_id = put(worker, "copy")

    assert worker.run()

    job = worker.ledger.job(job_id)
    assert job.state is JobState.DONE
    assert [*job.stages] == ["read", "copy", "store"]
    (result,) = worker.ledger.results(job_id)
    assert result.size == worker.results.path("1.2.3.99").stat().st_size
    assert worker.results.read("1.2.3.99").StudyInstanceUID == IMAGE.StudyInstanceUID
    assert [each.destination for each in worker.ledger.owed("pacs")] == ["pacs"]


def test_a_worker_with_nothing_to_do_says_so(worker):
    assert not worker.run()
    assert not worker.run("no such job")


def test_a_job_that_is_run_twice_leaves_the_same_bytes_owed_once(worker):
    job_id = put(worker, "copy")
    dead = "a worker that dies before it has finished"
    worker.ledger.claim(dead)
    worker.results.keep_dataset(Copying("copy").run(IMAGE, context())[0])
    before = worker.results.path("1.2.3.99").read_bytes()
    worker.ledger.lost(dead, "killed")

    until(lambda: worker.run(job_id), seconds=5)

    assert worker.results.path("1.2.3.99").read_bytes() == before
    assert len(worker.ledger.owed("pacs")) == 1


def test_a_pipeline_learns_when_the_job_was_made_not_when_it_runs(worker):
    pipeline = Remembering("copy")
    job_id = put(worker, "copy")

    replace(worker, pipelines={"copy": pipeline}).run()

    (given,) = pipeline.seen
    assert given.made_at == worker.ledger.job(job_id).created_at
    assert (given.site_key, given.product) == (worker.site_key, worker.product)


def test_what_cannot_be_processed_is_dead_with_its_reason(worker):
    job_id = put(worker, "unfit")

    assert worker.run()

    assert outcome(worker, job_id) == (JobState.DEAD, "no patient is named here")


def test_what_is_unavailable_is_tried_again(worker):
    job_id = put(worker, "unavailable")

    assert worker.run()

    assert outcome(worker, job_id)[0] is JobState.QUEUED
    assert worker.ledger.job(job_id).failures == 1


def test_a_pipeline_that_this_node_does_not_have_is_named(worker):
    job_id = put(worker, "unknown")

    worker.run()

    assert outcome(worker, job_id) == (JobState.DEAD, "this node has no pipeline 'unknown'")


def test_an_image_that_cannot_be_read_is_dead_and_one_that_is_missing_is_waited_for(worker):
    missing = put(worker, "copy")
    worker.received.path("1.2.3").unlink()
    broken = put(worker, "copy", plain_image("1.2.4"))
    worker.received.path("1.2.4").write_bytes(b"no DICOM" * 100)

    while worker.run():
        pass

    assert outcome(worker, missing)[0] is JobState.QUEUED
    assert outcome(worker, broken)[0] is JobState.DEAD


def test_an_engine_that_cannot_be_opened_is_waited_for_and_said_at_start(worker):
    def unusable(_network):
        raise UnusableError("no such device")

    idle = replace(worker, open_engine=unusable)
    job_id = put(worker, "copy")

    idle.run()

    assert outcome(worker, job_id) == (JobState.QUEUED, "engine doubling: no such device")
    with pytest.raises(UnavailableError, match="no such device"):
        idle.open_engines()


def test_an_unforeseen_fault_counts_as_a_crash_and_its_text_goes_nowhere(worker, caplog):
    job_id = put(worker, "faulty")

    assert not do_job(worker)

    job = worker.ledger.job(job_id)
    assert (job.state, job.crashes) == (JobState.QUEUED, 1)
    assert job.error.startswith("MemoryError in run, line ")
    assert "no patient is named here" not in caplog.text


def test_a_job_that_is_cancelled_begins_no_further_stage(worker):
    job_id = put(worker, "copy")

    def cancel():
        worker.ledger.cancel(job_id)
        wait_for_a_beat()

    pipeline = Remembering("copy", meanwhile=cancel)

    assert replace(worker, pipelines={"copy": pipeline}, beat_s=0.01).run()

    assert outcome(worker, job_id)[0] is JobState.CANCELLED
    assert not worker.results.path("1.2.3.99").exists()


def wait_for_a_beat():
    time.sleep(0.3)


def test_a_heart_keeps_the_lease_and_notices_that_the_job_is_gone(worker):
    put(worker, "copy")
    job = worker.ledger.claim("owner")
    with Heart(worker.ledger, job, beat_s=0.01) as heart:
        wait_for_a_beat()
        assert not heart.is_taken
        assert worker.ledger.job(job.job_id).lease_until > job.started_at + LEASE
        worker.ledger.lost("owner", "signal 9")
        wait_for_a_beat()
        assert heart.is_taken


def test_a_worker_says_what_it_has_open(worker):
    said = worker.presence(worker.now())

    assert (said.device, said.engines) == ("cpu", ("doubling numpy",))
    assert said.owner == this_process()
    assert {pipeline.network for pipeline in PIPELINES.values()} == {DoublingEngine.card.name}


@pytest.mark.parametrize(
    ("death", "is_theirs", "told"),
    [
        ("Worker exited prematurely: signal 9 (SIGKILL) Job: 3.", True, "signal 9 (SIGKILL)"),
        ("Worker exited prematurely: signal 15 (SIGTERM) Job: 3.", True, "signal 15 (SIGTERM)"),
        ("Worker exited prematurely: signal 11 (SIGSEGV) Job: 3.", False, "signal 11 (SIGSEGV)"),
        ("Worker exited prematurely: signal 6 (SIGABRT) Job: 3.", False, "signal 6 (SIGABRT)"),
        ("Worker exited prematurely: exitcode 70 Job: 3.", False, "exitcode 70"),
    ],
)
def test_who_is_killed_from_outside_is_no_poison(death, is_theirs, told):
    assert is_from_outside(death) is is_theirs
    assert how_it_died(death) == f"its process died: {told}"


def test_a_fault_is_told_by_its_kind_and_its_place():
    with pytest.raises(ValueError, match="Doe") as caught:
        int("Doe^Jane")

    told = where(caught.value)

    assert told.startswith("ValueError in test_a_fault_is_told")
    assert "Doe" not in told


def test_engines_are_opened_for_the_pipelines_in_use_and_others_when_a_job_needs_them(worker):
    opened = []

    def remembering(network):
        opened.append(network)
        return DoublingEngine()

    pipelines = {"used": Copying("used", network="a"), "other": Copying("other", network="b")}
    lazy = replace(worker, pipelines=pipelines, open_engine=remembering, in_use=lambda: ["used"])

    lazy.open_engines()
    assert opened == ["a"]

    put(lazy, "other")
    lazy.run()
    assert opened == ["a", "b"]
