import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from doubling import DoublingEngine, context, results_of
from peers.programs import until
from working import PIPELINES, Copying, job_of, make_worker, plain_image

from engines.engine import UnusableError
from pipelines.kinds import Kind, Made
from pipelines.pipeline import Context, Outcome
from pipelines.results.provenance import Origin
from service.celery_worker import do_job
from service.errors import UnavailableError
from service.ledger.moves import LEASE
from service.ledger.records import JobState, WorkerPresence
from service.worker.deaths import how_it_died, is_from_outside, where
from service.worker.heart import Heart
from service.worker.owner import this_process
from service.worker.presence import say_it_is_there

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

    def run(self, images, context):
        self.seen.append(context)
        self.meanwhile()
        return super().run(images, context)


@dataclass(frozen=True)
class Looking(Copying):
    """Notes what it was given to look at, and under which UID a result of it would go."""

    seen: list["Looked"] = field(default_factory=list)

    def run(self, images, context):
        uid = Origin.of(images[0], (), context).uid("copy", images[0].SOPInstanceUID)
        self.seen.append(Looked(images[0].get("ContentLabel"), uid))
        return super().run(images, context)


@dataclass(frozen=True)
class Looked:
    label: str | None
    uid: str


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


def test_a_job_on_a_version_reads_its_bytes_and_makes_results_of_its_own(worker):
    other = plain_image("1.2.3")
    other.ContentLabel = "OTHER"
    temporary = worker.received.temporary()
    other.save_as(temporary, enforce_file_format=True)
    worker.received.keep_dataset(IMAGE)
    worker.received.keep("1.2.3", temporary, "later")
    seen = []
    spying = replace(worker, pipelines={"look": Looking("look", seen=seen)})
    jobs = [job_of(IMAGE, "look", versions=one) for one in [(), ("later",)]]
    jobs[1] = replace(jobs[1], job_id="another")
    worker.ledger.decide([], jobs)

    for job in jobs:
        assert spying.run(job.job_id)

    first, later = seen
    assert (first.label, later.label) == (None, "OTHER")
    assert first.uid != later.uid


def test_a_worker_with_nothing_to_do_says_so(worker):
    assert not worker.run()
    assert not worker.run("no such job")


def test_a_job_that_is_run_twice_leaves_the_same_bytes_owed_once(worker):
    job_id = put(worker, "copy")
    dead = "a worker that dies before it has finished"
    worker.ledger.claim(dead)
    worker.results.keep_dataset(results_of(Copying("copy"), IMAGE, context())[0])
    before = worker.results.path("1.2.3.99").read_bytes()
    worker.ledger.lost(dead, "killed")

    until(lambda: worker.run(job_id), seconds=5)

    assert worker.results.path("1.2.3.99").read_bytes() == before
    assert len(worker.ledger.owed("pacs")) == 1


def test_a_pipeline_learns_the_day_the_job_was_made_not_when_it_runs(worker):
    pipeline = Remembering("copy")
    job_id = put(worker, "copy")

    replace(worker, pipelines={"copy": pipeline}).run()

    (given,) = pipeline.seen
    made = worker.ledger.job(job_id).created_at.astimezone()
    assert given.made_at.date() == made.date()
    assert (given.made_at.hour, given.made_at.minute, given.made_at.second) == (0, 0, 0)
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
    assert {one for pipeline in PIPELINES.values() for one in pipeline.networks} == {
        DoublingEngine.card.name
    }


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

    pipelines = {
        "used": Copying("used", networks=("a",)),
        "other": Copying("other", networks=("b",)),
    }
    lazy = replace(worker, pipelines=pipelines, open_engine=remembering, in_use=lambda: ["used"])

    lazy.open_engines()
    assert opened == ["a"]

    put(lazy, "other")
    lazy.run()
    assert opened == ["a", "b"]


@dataclass(frozen=True)
class Telling(Copying):
    """Has this outcome; remembers what it was given."""

    outcome: Outcome = field(default_factory=lambda: Outcome([]))
    seen: list[Context] = field(default_factory=list)

    def run(self, images, context):
        del images
        self.seen.append(context)
        return self.outcome


def made(uid, kind, beside=None):
    return Made(plain_image(uid, IMAGE.StudyInstanceUID), kind, beside)


def telling(worker, outcome, **changes):
    """Return a worker whose pipeline has that outcome, and the pipeline."""
    pipeline = Telling("copy", outcome=outcome)
    return replace(worker, pipelines={"copy": pipeline}, **changes), pipeline


def test_a_destination_is_sent_the_kinds_that_it_accepts(worker):
    accepts = {"pacs": {Kind.CAD_SR, Kind.GSPS}, "viewer": {Kind.GSPS, Kind.MG_DERIVED}}
    results = [
        made("1.1", Kind.CAD_SR),
        made("1.2", Kind.GSPS),
        made("1.3", Kind.MG_DERIVED),
        made("1.4", Kind.GSPS, beside=Kind.MG_DERIVED),
        made("1.5", Kind.SEG),
    ]
    worker.received.keep_dataset(IMAGE)
    job = job_of(IMAGE, "copy", send_to=("pacs", "viewer"))
    worker.ledger.decide([], [job])
    at_work, pipeline = telling(worker, Outcome(results), accepts=accepts.__getitem__)

    at_work.run()

    owed = {
        name: sorted(one.sop_instance_uid for one in worker.ledger.owed(name)) for name in accepts
    }
    assert owed == {"pacs": ["1.1", "1.2"], "viewer": ["1.2", "1.3", "1.4"]}
    assert pipeline.seen[0].kinds == {Kind.CAD_SR, Kind.GSPS, Kind.MG_DERIVED}
    assert not worker.results.path("1.5").exists()


def test_a_study_that_could_not_be_analysed_is_dead_and_its_report_is_owed(worker):
    job_id = put(worker, "copy")
    failed = Outcome([made("1.1", Kind.CAD_SR)], "failed", "the pixel data is broken")

    telling(worker, failed)[0].run()

    assert outcome(worker, job_id) == (JobState.DEAD, "the pixel data is broken")
    assert [one.sop_instance_uid for one in worker.ledger.owed("pacs")] == ["1.1"]


def test_a_retry_learns_of_the_report_that_it_takes_the_place_of(worker):
    job_id = put(worker, "copy")
    telling(worker, Outcome([made("1.1", Kind.CAD_SR)], "failed", "broken"))[0].run()
    worker.ledger.retry(job_id)
    at_work, pipeline = telling(worker, Outcome([made("1.2", Kind.CAD_SR)]))

    at_work.run()

    (document,) = pipeline.seen[0].predecessors
    assert (document.kind, document.sop_instance_uid) == (Kind.CAD_SR, "1.1")
    assert outcome(worker, job_id) == (JobState.DONE, "")


def test_a_study_of_which_a_part_could_not_be_analysed_is_done_with_a_remark(worker):
    job_id = put(worker, "copy")

    telling(worker, Outcome([made("1.1", Kind.CAD_SR)], "partly", "1.2.4: broken"))[0].run()

    assert outcome(worker, job_id) == (JobState.DONE, "1.2.4: broken")


def test_a_worker_whose_figures_cannot_be_told_is_there_all_the_same(worker):
    def away():
        raise UnavailableError("database is locked")

    say_it_is_there(replace(worker, tell=away), worker.now())

    assert len(worker.ledger.workers()) == 1
    assert worker.ledger.unfit_workers() == []


@pytest.fixture
def unfit(worker):
    """A worker that has said that it cannot run ``copy``; it can run ``slow``."""

    def opened(network):
        if network == "wrong":
            raise UnusableError("computes wrongly")
        return DoublingEngine()

    pipelines = {**PIPELINES, "copy": Copying("copy", networks=("wrong",))}
    made = replace(worker, open_engine=opened, pipelines=pipelines)
    say_it_is_there(made, made.now())
    return made


def test_a_worker_that_computes_wrongly_leaves_those_jobs_to_one_that_is_ready(unfit):
    moment = unfit.now()
    unfit.ledger.present(WorkerPresence("another 1 1", "cpu", (), moment, moment))
    left, done = put(unfit, "copy"), put(unfit, "slow", plain_image("1.2.4"))

    assert unfit.is_spare()
    assert unfit.run()
    assert not unfit.run()

    assert outcome(unfit, done) == (JobState.DONE, "")
    assert outcome(unfit, left) == (JobState.QUEUED, "")


def test_a_worker_that_computes_wrongly_says_so_of_each_job_where_no_other_is_ready(unfit):
    job_id = put(unfit, "copy")

    assert not unfit.is_spare()
    assert unfit.run()

    state, error = outcome(unfit, job_id)
    assert (state, error) == (JobState.QUEUED, "engine wrong: computes wrongly")
