"""What other routes would have made of studies that are kept."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from phantoms import mammogram, study
from pydicom import Dataset
from routing import SMALL, World, routes
from typer.testing import CliRunner

from service.cli.app import app
from service.errors import RefusedError, UnavailableError
from service.router.replaying import replayed

ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 104

[[routes]]
name = "screening"
when = [{ keyword = "ViewPosition", any_of = ["MLO"] }]
pipelines = ["super-resolution"]
send_to = ["pacs"]
"""


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.ledger.close()


def received(world, *images) -> str:
    """Let `images` come and be judged; return their study."""
    for image in images:
        world.receive(image)
    world.later(200)
    return images[0].StudyInstanceUID


def changes(world, uid, headers=None, **route):
    """Return what `route` in place of the one in force would change."""
    judge = replace(world.router.judge(), routes=routes(**route)) if route else world.router.judge()
    (history,) = world.ledger.histories([uid])
    return replayed(judge, history, headers or world.spool)


def kinds(found):
    return sorted({one.kind for one in found})


def test_the_same_routes_change_nothing(world):
    uid = received(world, *study(**SMALL))

    assert changes(world, uid) == []


def test_images_that_came_late_to_a_pipeline_of_studies_change_nothing(world):
    world.routes = routes(pipelines=["studies", "sr"])
    images = study(**SMALL)
    received(world, *images[:3])
    uid = received(world, images[3])

    assert len(world.ledger.jobs(uid)) == 2 + 4
    assert changes(world, uid, pipelines=["studies", "sr"]) == []


def test_another_model_is_no_matter_of_routes(world):
    uid = received(world, mammogram("LCC", **SMALL))
    (history,) = world.ledger.histories([uid])
    judge = replace(world.router.judge(), versions={"sr": "2", "cad": "2", "studies": "2"})

    assert replayed(judge, history, world.spool) == []


def test_a_pipeline_more_is_a_job_more_and_one_less_a_job_less(world):
    image = mammogram("LCC", **SMALL)
    uid = received(world, image)

    more = changes(world, uid, pipelines=["sr", "cad"])
    other = changes(world, uid, pipelines=["cad"])

    assert [(one.kind, one.pipeline, one.now) for one in more] == [
        ("new job", "cad", "routine, to pacs"),
        ("decision", "cad", "taken"),
    ]
    assert [(one.kind, one.pipeline) for one in other] == [
        ("new job", "cad"),
        ("no job", "sr"),
        ("decision", "sr"),
        ("decision", "cad"),
    ]


def test_a_condition_that_does_not_hold_takes_jobs_away_and_says_why(world):
    image = mammogram("LCC", **SMALL)
    uid = received(world, image)

    found = changes(world, uid, when=[{"keyword": "ViewPosition", "any_of": ["MLO"]}])

    assert kinds(found) == ["decision", "no job"]
    assert {(one.then, one.now) for one in found if one.kind == "decision"} == {
        ("taken", ""),
        ("", "no route: screening: ViewPosition is CC, not MLO"),
    }
    assert {one.images for one in found} == {(image.SOPInstanceUID,)}


def test_another_lane_or_destination_is_another_job(world):
    uid = received(world, mammogram("LCC", **SMALL))

    (found,) = changes(world, uid, priority="urgent", send_to=["pacs", "archive"])

    assert (found.kind, found.then, found.now) == (
        "other job",
        "routine, to pacs",
        "urgent, to pacs and archive",
    )


def test_conditions_on_the_study_are_asked_of_all_its_images(world):
    uid = received(world, *study(**SMALL))

    mlo = [{"keyword": "ViewPosition", "any_of": ["MLO"]}]
    ct = [{"keyword": "Modality", "any_of": ["CT"]}]

    assert changes(world, uid, study_when=mlo) == []
    assert [one.kind for one in changes(world, uid, study_when=ct)].count("no job") == 4


def test_a_study_that_was_not_judged_is_passed_over_and_what_came_since_does_not_count(world):
    first, second = mammogram("LCC", **SMALL), mammogram("RCC", **SMALL)
    world.receive(first)

    with pytest.raises(RefusedError, match="not judged yet"):
        changes(world, first.StudyInstanceUID)
    world.later(200)
    world.receive(second)

    assert changes(world, first.StudyInstanceUID) == []


def test_a_study_whose_bytes_are_gone_is_passed_over(world):
    image = mammogram("LCC", **SMALL)
    uid = received(world, image)
    world.spool.path(image.SOPInstanceUID).unlink()

    with pytest.raises(UnavailableError):
        changes(world, uid)


def test_each_header_is_read_once_and_nothing_is_written(world):
    uid = received(world, *study(**SMALL))
    before = (world.ledger.decisions(uid), world.ledger.jobs(uid), list(world.queued))
    read = []

    class Counting:
        def header(self, sop_instance_uid: str, version: str = "") -> Dataset:
            read.append(sop_instance_uid)
            return world.spool.header(sop_instance_uid, version)

    ct = [{"keyword": "Modality", "any_of": ["CT"]}]
    changes(world, uid, Counting(), study_when=ct, pipelines=["sr", "cad", "studies"])

    assert sorted(read) == sorted({*read})
    assert len(read) == 4
    assert (world.ledger.decisions(uid), world.ledger.jobs(uid), world.queued) == before


def test_many_studies_are_read_at_once_in_their_order(tmp_path, ledger_url):
    world = World(tmp_path, ledger_url)
    uids = []
    for number in range(5):
        image = mammogram("LCC", **SMALL)
        image.StudyInstanceUID = f"1.2.{number}"
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}.1"
        uids.append(received(world, image))

    found = list(world.ledger.histories([*reversed(uids), "9.9"]))

    assert world.ledger.study_uids() == uids
    assert world.ledger.study_uids(world.time - timedelta(seconds=250)) == uids[-1:]
    assert [one.study_instance_uid for one in found] == uids[::-1]
    for one in found:
        uid = one.study_instance_uid
        assert list(one.instances) == world.ledger.instances(uid)
        assert list(one.decisions) == world.ledger.decisions(uid)
        assert list(one.jobs) == world.ledger.jobs(uid)
    world.ledger.close()


@pytest.fixture
def say(tmp_path):
    """Two studies of two views that a node judged, and what the command says of them."""
    (tmp_path / "routes.toml").write_text(ROUTES)
    (tmp_path / "draft.toml").write_text(ROUTES.replace('"MLO"', '"CC"'))
    config = tmp_path / "senoscope.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n')
    made = World(tmp_path)
    made.routes = routes(
        when=[{"keyword": "ViewPosition", "any_of": ["MLO"]}], pipelines=["super-resolution"]
    )
    made.router = replace(
        made.router,
        pipelines={"super-resolution": made.router.pipelines["sr"]},
        versions={"super-resolution": "1"},
    )
    for number in range(2):
        for view in ("RCC", "RMLO"):
            image = mammogram(view, **SMALL)
            image.StudyInstanceUID = f"1.2.{number}"
            uid = f"1.2.{number}.{view == 'RCC':d}"
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
            made.receive(image)
    made.later(200)
    made.ledger.close()

    def run(*words):
        return CliRunner().invoke(app, ["routes", "replay", *words, "--config", str(config)])

    return run


def test_the_command_says_what_a_draft_would_change(say, tmp_path):
    today, draft = say("--all"), say("--all", "--routes", str(tmp_path / "draft.toml"))

    assert today.stdout.splitlines() == [
        "2 studies, 4 images: 0 studies would change",
        "    0 jobs would be new",
        "    0 jobs would not be made",
        "    0 jobs would go elsewhere, or in another lane",
        "    0 decisions on images would be others",
    ]
    lines = draft.stdout.splitlines()
    assert lines[:3] == [
        "1.2.0",
        "    new job: screening, super-resolution: 1.2.0.1 (routine, to pacs)",
        "    no job: screening, super-resolution: 1.2.0.0 (routine, to pacs)",
    ]
    assert "    1.2.0.0 (screening, super-resolution): taken -> nothing" in lines
    assert "2 studies, 4 images: 2 studies would change" in lines


def test_the_command_speaks_to_machines_and_of_studies_that_are_named(say, tmp_path):
    answer = say("1.2.1", "--json", "--routes", str(tmp_path / "draft.toml"))

    found = json.loads(answer.stdout)
    assert (found["studies"], found["images"], found["changed"]) == (1, 2, 1)
    assert found["counts"] == {"new job": 1, "no job": 1, "other job": 0, "decision": 4}
    assert {one["study_instance_uid"] for one in found["changes"]} == {"1.2.1"}


def test_a_summary_has_no_details_and_a_date_bounds_the_studies(say, tmp_path):
    draft = ("--routes", str(tmp_path / "draft.toml"))

    brief = say("--since", "2025-12-31", "--summary", *draft)
    later = say("--since", "2026-01-03", *draft)

    assert brief.stdout.startswith("2 studies, 4 images: 2 studies would change\n")
    assert later.stdout.startswith("0 studies, 0 images")


def test_a_command_that_names_no_studies_or_unknown_ones_says_so(say):
    assert "which studies?" in str(say().exception)
    assert "no study 9.9 in the ledger" in str(say("9.9").exception)


def test_a_study_that_cannot_be_looked_at_does_not_stop_the_others(say, tmp_path):
    for path in tmp_path.glob("received/?/?/1.2.0.*.dcm"):
        path.unlink()

    answer = say("--all")

    assert "passed over: cannot read 1.2.0." in answer.stdout
    assert answer.stdout.splitlines()[-1] == "    1 studies were passed over"
