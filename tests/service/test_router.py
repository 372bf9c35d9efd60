"""From studies in the ledger to jobs in the queue."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from phantoms import mammogram, picture
from pydicom import Dataset

from service.errors import UnavailableError
from service.ledger.records import Instance, JobState, Priority
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.router.router import Router
from service.router.routes import Routes

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = {"rows": 96, "columns": 64}


class Enlarges:
    """A pipeline that takes mammograms and leaves its own results alone."""

    def skips(self, header: Dataset) -> str | None:
        if header.Manufacturer == "Own":
            return "made by this node"
        return None if header.Rows > 10 else "too small"


class World:
    """A router with a real ledger and spool around it, and a clock that tests turn."""

    def __init__(self, folder: Path) -> None:
        self.time = T0
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", lambda: self.time)
        self.spool = Spool(folder / "received")
        self.queued: list[str] = []
        self.routes = routes()
        self.router = Router(
            self.ledger,
            self.spool,
            lambda: self.routes,
            {"sr": Enlarges(), "cad": Enlarges()},
            {"sr": "1", "cad": "1"},
            self,
            lambda: self.time,
        )

    def put(self, job_id: str) -> None:
        self.queued.append(job_id)

    def receive(self, image: Dataset, calling: str = "MAMMO1") -> Dataset:
        path = self.spool.keep_dataset(image)
        view = str(image.get("ImageLaterality", "")) + str(image.get("ViewPosition", ""))
        self.ledger.record(
            Instance(
                sop_instance_uid=image.SOPInstanceUID,
                sop_class_uid=image.SOPClassUID,
                study_instance_uid=image.StudyInstanceUID,
                series_instance_uid=image.SeriesInstanceUID,
                transfer_syntax_uid=image.file_meta.TransferSyntaxUID,
                calling_ae_title=calling,
                view=view,
                size=path.stat().st_size,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                received_at=self.time,
            )
        )
        return image

    def later(self, seconds: float) -> int:
        """Turn the clock and route what is due."""
        self.time += timedelta(seconds=seconds)
        return self.router.route_due()

    def reasons(self, image: Dataset) -> list[str]:
        return [decision.reason for decision in self.ledger.decisions(image.StudyInstanceUID)]


def routes(**route) -> Routes:
    """Return one route for mammograms, with `route` written over it."""
    table = {
        "name": "screening",
        "calling": ["MAMMO*"],
        "when": [{"keyword": "Modality", "any_of": ["MG"]}],
        "complete": {"views": ["RCC", "LCC"], "quiet_s": 30, "at_most_s": 100},
        "pipelines": ["sr"],
        "send_to": ["pacs"],
    }
    pacs = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}
    return Routes(destinations={"pacs": pacs}, routes=[table | route])


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
