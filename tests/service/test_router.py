"""From studies in the ledger to jobs in the queue."""

from dataclasses import replace
from datetime import timedelta

import pytest
from phantoms import mammogram, picture
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage
from routing import SMALL, World, routes
from working import remove_received

from pipelines.results.provenance import MANUFACTURER, MODEL_NAME
from service.errors import UnavailableError
from service.ledger.records import JobState, Priority
from service.router.gather import ACCOMPANIES
from service.router.judge import NO_IMAGE


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_a_study_is_judged_when_its_views_are_here_and_not_before(world):
    world.receive(mammogram("RCC", **SMALL))
    assert world.later(1) == 0

    image = world.receive(mammogram("LCC", **SMALL))
    assert world.later(0) == 1

    jobs = world.ledger.jobs(image.StudyInstanceUID)
    assert sorted(job.job_id for job in jobs) == sorted(world.queued)
    assert {job.sop_instance_uids for job in jobs} == {
        (instance.sop_instance_uid,) for instance in world.ledger.instances(image.StudyInstanceUID)
    }
    assert {(job.route, job.pipeline, job.send_to, job.priority) for job in jobs} == {
        ("screening", "sr", ("pacs",), Priority.ROUTINE)
    }


def test_a_study_is_judged_once(world):
    world.receive(mammogram("RCC", **SMALL))

    assert [world.later(30), world.later(30), world.later(300)] == [1, 0, 0]
    assert len(world.queued) == 1


def test_an_image_that_no_route_takes_is_told_by_each_why(world):
    image = world.receive(picture("CT", **SMALL))

    world.later(30)

    assert world.reasons(image) == ["no route: screening: Modality is CT, not MG"]
    assert world.queued == []


def test_our_own_result_that_comes_back_is_kept_and_makes_no_job(world):
    result = mammogram("LCC", **SMALL)
    result.Manufacturer, result.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    world.receive(result)

    world.later(30)

    assert world.reasons(result) == ["it is a result of this system"]
    assert world.queued == []
    assert len(world.ledger.instances(result.StudyInstanceUID)) == 1


def test_an_image_of_a_stranger_is_told_so(world):
    world.routes = routes(calling=["OTHER*"])
    image = world.receive(mammogram("RCC", **SMALL))

    world.later(0)

    assert world.reasons(image) == [
        "no route: screening: MAMMO1 is not among the AE titles that may use it"
    ]


def test_an_image_that_the_pipeline_skips_is_told_its_reason(world):
    own = mammogram("RCC", **SMALL)
    own.Manufacturer = "Own"
    world.receive(own)

    world.later(30)

    (decision,) = world.ledger.decisions(own.StudyInstanceUID)
    assert (decision.route, decision.pipeline, decision.taken) == ("screening", "sr", False)
    assert decision.reason == "made by this node"


def test_each_pipeline_of_each_route_is_a_job_of_its_own(world):
    both = routes(pipelines=["sr", "cad"])
    again = both.routes[0].model_copy(update={"name": "again", "priority": "urgent"})
    world.routes = both.model_copy(update={"routes": (*both.routes, again)})
    image = world.receive(mammogram("RCC", **SMALL))

    world.later(30)

    assert len(set(world.queued)) == 4
    decisions = world.ledger.decisions(image.StudyInstanceUID)
    assert {(decision.route, decision.pipeline) for decision in decisions} == {
        ("screening", "sr"),
        ("screening", "cad"),
        ("again", "sr"),
        ("again", "cad"),
    }


def test_an_image_that_cannot_be_read_is_refused_and_the_others_go_on(world):
    broken = mammogram("RCC", **SMALL)
    whole = world.receive(mammogram("LCC", **SMALL))
    world.receive(broken)
    world.spool.path(broken.SOPInstanceUID).write_bytes(b"no DICOM")

    world.later(30)

    assert len(world.queued) == 1
    refused = [reason for reason in world.reasons(whole) if reason != "taken"]
    assert len(refused) == 1
    assert refused[0].startswith("refused: ")


@pytest.mark.filterwarnings("ignore:Invalid value")
def test_a_header_whose_values_cannot_be_read_is_refused(world):
    image = world.receive(mammogram("RCC", **SMALL))
    path = world.spool.path(image.SOPInstanceUID)
    rows = b"\x28\x00\x10\x00US\x02\x00\x60\x00"
    assert rows in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(rows, rows.replace(b"US", b"ZZ")))

    world.later(30)

    assert "refused: " in world.reasons(image)[0]


def test_late_images_are_judged_when_it_is_quiet_again(world):
    world.receive(mammogram("RCC", **SMALL))
    world.receive(mammogram("LCC", **SMALL))
    world.later(0)
    world.time += timedelta(seconds=10)

    world.receive(mammogram("RMLO", **SMALL))

    assert [world.later(29), world.later(1)] == [0, 1]
    assert len(set(world.queued)) == 3


def test_a_study_reopened_gets_the_same_jobs_again(world):
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    job = world.ledger.claim("worker")
    world.ledger.finish(job, [], {})

    world.ledger.reopen(image.StudyInstanceUID)
    world.later(0)

    assert world.queued == [job.job_id] * 2
    assert world.ledger.job(job.job_id).state is JobState.QUEUED


def test_a_new_version_of_the_model_is_a_new_job(world):
    image = world.receive(mammogram("RCC", **SMALL))
    world.later(30)
    world.router = replace(world.router, versions={"sr": "2", "cad": "1"})

    world.ledger.reopen(image.StudyInstanceUID)
    world.later(0)

    assert len(set(world.queued)) == 2


def test_an_operator_can_have_a_study_judged_now(world):
    image = world.receive(mammogram("RCC", **SMALL))

    world.ledger.ask_complete(image.StudyInstanceUID)

    assert world.later(0) == 1


def test_a_file_that_is_gone_holds_up_its_study_and_no_other(world):
    lost, other = mammogram("RCC", seed=1, **SMALL), mammogram("RCC", seed=2, **SMALL)
    world.receive(lost)
    world.receive(other)
    assert lost.StudyInstanceUID != other.StudyInstanceUID
    world.spool.path(lost.SOPInstanceUID).unlink()

    with pytest.raises(UnavailableError):
        world.later(30)

    assert world.reasons(other) == ["taken"]
    assert world.reasons(lost) == []


def state_of(image: Dataset, **changes: str) -> Dataset:
    """Return a presentation state of the study of `image`, as far as a router looks at it."""
    state = Dataset()
    state.file_meta = FileMetaDataset()
    state.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    state.SOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    state.SOPInstanceUID, state.SeriesInstanceUID = f"{image.SOPInstanceUID}.7", "1.2.7"
    state.StudyInstanceUID, state.Modality, state.Manufacturer = image.StudyInstanceUID, "PR", ""
    for keyword, value in changes.items():
        setattr(state, keyword, value)
    return state


def uids(*images: Dataset) -> tuple[str, ...]:
    return tuple(sorted(image.SOPInstanceUID for image in images))


@pytest.fixture
def reading(world):
    world.routes = routes(pipelines=["sr", "studies"])
    return world


def jobs_of(world, image, pipeline="studies"):
    """Return what the jobs of a pipeline are made of, the oldest first."""
    found = [job for job in world.ledger.jobs(image.StudyInstanceUID) if job.pipeline == pipeline]
    return [job.sop_instance_uids for job in sorted(found, key=lambda job: job.created_at)]


def test_a_pipeline_that_takes_studies_gets_one_job_of_all_images(reading):
    right, left = (reading.receive(mammogram(view, **SMALL)) for view in ("RCC", "LCC"))

    reading.later(30)

    assert jobs_of(reading, right) == [uids(right, left)]
    assert len(jobs_of(reading, right, "sr")) == 2
    (job,) = (one for one in reading.ledger.jobs() if one.pipeline == "studies")
    told = [d for d in reading.ledger.decisions(right.StudyInstanceUID) if d.pipeline == "studies"]
    assert [(d.taken, d.job_id) for d in told] == [(True, job.job_id)] * 2
    assert job.job_id in reading.queued


def test_an_image_that_comes_late_has_the_study_looked_at_as_a_whole(reading):
    right = reading.receive(mammogram("RCC", **SMALL))
    reading.later(30)

    left = reading.receive(mammogram("LCC", **SMALL))
    reading.later(30)

    assert jobs_of(reading, right) == [uids(right), uids(right, left)]


def test_an_image_whose_bytes_were_removed_is_no_part_of_a_job_that_comes_later(reading):
    right = reading.receive(mammogram("RCC", **SMALL))
    reading.later(30)
    (job,) = (one for one in reading.ledger.jobs() if one.pipeline == "studies")
    for each in reading.ledger.jobs():
        reading.ledger.finish(reading.ledger.claim("owner", each.job_id), [], {})
    reading.time += timedelta(days=31)
    removed = remove_received(reading.ledger, reading.time)

    left = reading.receive(mammogram("LCC", **SMALL))
    reading.later(30)

    assert [one.sop_instance_uid for one in removed] == [right.SOPInstanceUID]
    assert jobs_of(reading, right) == [job.sop_instance_uids, uids(left)]


def test_an_image_that_is_skipped_is_no_part_of_the_job(reading):
    right = reading.receive(mammogram("RCC", **SMALL))
    control = mammogram("LCC", **SMALL)
    control.QualityControlImage = "YES"
    reading.receive(control)

    reading.later(30)

    assert jobs_of(reading, right) == [uids(right)]
    assert "a control" in reading.reasons(right)


def test_a_route_may_allow_what_is_skipped_elsewhere(reading):
    reading.routes = routes(pipelines=["studies"], allow=["controls"])
    control = mammogram("LCC", **SMALL)
    control.QualityControlImage = "YES"
    reading.receive(control)

    reading.later(30)

    assert jobs_of(reading, control) == [uids(control)]


def test_what_says_where_to_look_joins_the_images_whatever_the_route_asks_of_them(reading):
    image = reading.receive(mammogram("RCC", **SMALL))
    state = reading.receive(state_of(image))

    reading.later(30)

    assert jobs_of(reading, image) == [uids(image, state)]
    assert ACCOMPANIES in reading.reasons(image)


def test_what_says_where_to_look_may_come_before_the_image_or_after_it(reading):
    image = mammogram("RCC", **SMALL)
    state = reading.receive(state_of(image))
    reading.later(30)
    assert jobs_of(reading, image) == []

    reading.receive(image)
    reading.later(30)
    second = reading.receive(state_of(image, SOPInstanceUID="1.2.8"))
    reading.later(30)

    assert jobs_of(reading, image) == [uids(image, state), uids(image, state, second)]


def test_a_stranger_says_nobody_where_to_look(reading):
    image = reading.receive(mammogram("RCC", **SMALL))
    reading.receive(state_of(image), calling="OTHER")

    reading.later(30)

    assert jobs_of(reading, image) == [uids(image)]


def test_a_study_judged_again_is_the_same_job(reading):
    image = reading.receive(mammogram("RCC", **SMALL))
    reading.later(30)

    reading.ledger.reopen(image.StudyInstanceUID)
    reading.later(30)

    assert jobs_of(reading, image) == [uids(image)]


def test_a_route_may_pay_no_heed_to_marks(reading):
    reading.routes = routes(pipelines=["studies"], marks=False)
    image = reading.receive(mammogram("RCC", **SMALL))
    reading.receive(state_of(image))

    reading.later(30)

    assert jobs_of(reading, image) == [uids(image)]


def test_what_came_too_early_to_say_where_to_look_is_decided_anew(reading):
    image = mammogram("RCC", **SMALL)
    state = reading.receive(state_of(image))
    reading.later(30)
    assert reading.reasons(image) == [NO_IMAGE]

    reading.receive(image)
    reading.later(30)

    (job,) = (one for one in reading.ledger.jobs() if one.pipeline == "studies")
    (told,) = (
        one
        for one in reading.ledger.decisions(image.StudyInstanceUID)
        if one.sop_instance_uid == state.SOPInstanceUID
    )
    assert (told.taken, told.reason, told.job_id) == (True, ACCOMPANIES, job.job_id)
