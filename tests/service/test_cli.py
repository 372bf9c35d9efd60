"""What people type: the command line on a ledger with a story."""

import hashlib
import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner
from working import job_of, plain_image, row_of

from service.cli.app import app
from service.errors import UnknownError
from service.ledger.completions import Judged
from service.ledger.records import Completion, Decision, Refusal, Result
from service.ledger.spool import Spool
from service.opening import open_ledger
from service.settings import packaged_models

MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
STUDY = "1.2.3"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "senoscope.toml"
    path.write_text('data_dir = "data"\n')
    return path


@pytest.fixture
def ledger(config):
    opened = open_ledger(config)
    yield opened
    opened.close()


@pytest.fixture
def say(config):
    def run(*words):
        told = CliRunner().invoke(app, [*words, "--config", str(config)], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    return run


@pytest.fixture
def story(ledger):
    """One image done and sent, one dead, one skipped, one refused at the door."""
    done, dead, skipped = (plain_image(f"{STUDY}.{number}", STUDY) for number in (1, 2, 3))
    for image in (done, dead, skipped):
        ledger.record(row_of(image))
    jobs = [job_of(done, "super-resolution"), job_of(dead, "super-resolution")]
    taken = [
        decision(job.sop_instance_uids[0], taken=True, reason="taken", job_id=job.job_id)
        for job in jobs
    ]
    left = decision(f"{STUDY}.3", taken=False, reason="not greyscale", job_id="")
    ledger.decide([*taken, left], jobs)
    result = Result(
        f"{STUDY}.1.9",
        "1.2.840.10008.5.1.4.1.1.7.3",
        "1.9",
        STUDY,
        "1.2.4",
        1000,
        "sc-multiframe",
        ("pacs",),
    )
    ledger.finish(ledger.claim("owner", jobs[0].job_id), [result], {"enlarge": 1.5})
    ledger.sent(ledger.deliveries()[0])
    ledger.refuse_job(ledger.claim("owner", jobs[1].job_id), "Rows is missing")
    ledger.refuse(Refusal("MAMMO1", f"{STUDY}.4", STUDY, 0xC000, "no data set", MOMENT))
    return jobs


def decision(sop_instance_uid, **said):
    return Decision(
        sop_instance_uid, route="route", pipeline="super-resolution", decided_at=MOMENT, **said
    )


@pytest.mark.usefixtures("story")
def test_a_study_tells_of_each_image_what_was_done_or_why_not(say):
    told = json.loads(say("studies", "show", STUDY, "--json"))

    (done,), (dead,), (skipped,) = (image["decisions"] for image in told["images"])
    assert (done["job_state"], done["sent"]) == ("done", "1 of 1")
    assert done["results"][0]["sop_instance_uid"] == f"{STUDY}.1.9"
    assert (dead["job_state"], dead["error"]) == ("dead", "Rows is missing")
    assert (skipped["taken"], skipped["reason"]) == (False, "not greyscale")
    assert told["refusals"][0]["reason"] == "no data set"


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["studies", "list"], STUDY),
        (["studies", "list", "--refused"], "C000H"),
        (["studies", "show", STUDY], "Rows is missing"),
        (["jobs", "list"], "super-resolution"),
        (["jobs", "list", "--state", "dead"], "1 jobs"),
        (["deliveries", "list"], "1 deliveries"),
        (["deliveries", "retry"], "0 deliveries"),
        (["deliveries", "retry", "--study", STUDY], "0 deliveries"),
        (["deliveries", "resend", STUDY, "--to", "pacs"], "1 deliveries"),
        (["studies", "complete", STUDY], "judged now"),
        (["engines", "list"], "fsrcnn-x2"),
        (["commitments", "list"], "0 commitments"),
        (["commitments", "retry"], "0 are tried again"),
    ],
)
def test_each_command_shows_a_person_what_they_asked(say, words, expected):
    assert expected in say(*words)


@pytest.mark.usefixtures("story")
def test_jobs_are_listed_so_that_a_pipe_can_be_searched(say):
    lines = say("jobs", "list", "--state", "dead").splitlines()

    assert (
        lines[2] == "    state dead, pipeline super-resolution, route route, error: Rows is missing"
    )


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("what", ["studies", "jobs", "deliveries", "engines"])
def test_every_list_speaks_json(say, what):
    assert len(json.loads(say(what, "list", "--json"))) >= 1


def test_a_version_of_an_image_is_flagged_wherever_it_is_listed(say, ledger):
    image = plain_image(f"{STUDY}.1", STUDY)
    ledger.record(row_of(image))
    ledger.record(row_of(image, version="beginning", digest="1" * 32))

    assert "images 1 (+1 versions)" in say("studies", "list")
    assert f"{STUDY}.1 VERSION beginning" in say("studies", "show", STUDY)


def test_a_token_is_told_once_and_listed_by_name(say, config):
    config.write_text('data_dir = "data"\n[http]\ntokens_file = "tokens"\n')

    token = say("token", "add", "MAMMO1").splitlines()[0]

    kept = (config.parent / "tokens").read_text()
    assert kept == f"MAMMO1:{hashlib.sha256(token.encode()).hexdigest()}\n"
    assert json.loads(say("token", "list", "--json")) == [{"name": "MAMMO1"}]
    say("token", "remove", "MAMMO1")
    assert json.loads(say("token", "list", "--json")) == []


def test_without_a_file_for_tokens_the_remedy_is_named(config):
    told = CliRunner().invoke(app, ["token", "add", "MAMMO1", "--config", str(config)])

    assert "tokens_file" in str(told.exception)


def test_a_job_is_named_by_its_beginning_and_runs_again_when_retried(say, story, ledger):
    dead = story[1].job_id

    assert "Rows is missing" in say("jobs", "show", dead)
    say("jobs", "retry", "--all")

    assert ledger.job(dead).state == "queued"

    say("jobs", "cancel", dead)

    assert ledger.job(dead).state == "cancelled"


@pytest.mark.usefixtures("story")
def test_reprocessing_judges_a_study_anew(say, ledger):
    assert ledger.study(STUDY).undecided == 0

    say("studies", "reprocess", STUDY)

    assert ledger.study(STUDY).undecided == 3


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "service", *words], capture_output=True, text=True, check=False
    )


def test_what_goes_wrong_is_one_line_that_says_what_to_do(config):
    told = run("studies", "show", "9.9", "--config", str(config))

    assert told.returncode == 1
    assert told.stderr.startswith("senoscope: ")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [("serve",), ("studies", "list")], ids=lambda words: words[0])
@pytest.mark.parametrize("folder", ["a file", "/proc/nowhere"], ids=["file", "proc"])
def test_a_data_folder_that_cannot_be_used_is_one_line_that_names_it(tmp_path, words, folder):
    (tmp_path / "a file").touch()
    (tmp_path / "routes.toml").touch()
    config = tmp_path / "senoscope.toml"
    config.write_text(f'data_dir = "{folder}"\n')

    told = run(*words, "--config", str(config))

    assert told.returncode == 1
    assert told.stderr.startswith("senoscope: ")
    assert folder in told.stderr
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("door", ["dicom", "http"])
def test_a_port_that_is_taken_is_one_line_that_names_it(config, tmp_path, door):
    (tmp_path / "routes.toml").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        doors = {"dicom": 0, "http": 0, door: port}
        config.write_text("".join(f"[{name}]\nport = {at}\n" for name, at in doors.items()))

        told = run("serve", "--config", str(config))

    assert told.returncode == 1
    assert told.stderr.startswith("senoscope: ")
    assert str(port) in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_a_folder_that_results_cannot_be_written_to_is_one_line_that_names_it(config, tmp_path):
    image, out = tmp_path / "a.dcm", tmp_path / "a file"
    image.touch()
    out.touch()

    told = run("process", str(image), "--out", str(out), "--config", str(config))

    assert told.returncode == 1
    assert f"senoscope: {out}: " in told.stderr
    assert "Traceback" not in told.stderr


def test_a_broken_card_is_one_line_that_names_it(tmp_path):
    card = tmp_path / "models" / "fsrcnn-x2" / "1" / "card.toml"
    card.parent.mkdir(parents=True)
    card.write_text("name = 1")
    config = tmp_path / "senoscope.toml"
    config.touch()

    told = run("engines", "list", "--config", str(config))

    assert told.returncode == 1
    assert told.stderr.startswith(f"senoscope: {card}")
    assert len(told.stderr.splitlines()) == 1


def test_wrong_usage_is_exit_2():
    assert run("jobs", "list", "--state", "unheard-of").returncode == 2


def test_a_folder_that_is_not_a_demos_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")

    told = run("demo", "--keep", str(tmp_path))

    assert told.returncode == 1
    assert "holds something else" in told.stderr
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["worker"],
        ["demo"],
        ["process"],
        ["send"],
        ["check"],
        ["studies", "list"],
        ["studies", "show"],
        ["jobs", "retry"],
        ["deliveries", "list"],
        ["quarantine", "list"],
        ["quarantine", "remove"],
        ["routes", "explain"],
        ["train", "fsrcnn"],
        ["evaluate"],
        *(["engines", name] for name in ("list", "import", "build", "verify", "bench")),
    ],
)
def test_every_command_has_help_with_examples(command):
    told = CliRunner().invoke(app, [*command, "--help"])

    assert told.exit_code == 0
    assert "senoscope " + " ".join(command) in told.output
    assert "Example" in told.output


def test_weights_that_are_not_the_cards_are_named_in_one_line(tmp_path):
    models = tmp_path / "models"
    shutil.copytree(packaged_models(), models)
    weights = max(models.glob("fsrcnn-x2/*/weights.onnx"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    config = tmp_path / "senoscope.toml"
    config.write_text('models = "models"\n')

    told = run("engines", "list", "--config", str(config))

    assert told.returncode == 1
    assert "sha256" in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_what_was_refused_is_listed_with_its_reason_and_removed_on_demand(say, config):
    spool = Spool(config.parent / "data" / "received")
    for uid, reason in (("1.2.7", "no data set"), ("1.2.8", "truncated")):
        refused = spool.temporary()
        refused.write_bytes(b"bytes")
        spool.quarantine.put(refused, uid, reason)

    assert "no data set" in say("quarantine", "list")
    say("quarantine", "remove", "1.2.7")
    told = json.loads(say("quarantine", "list", "--json"))

    assert [(one["name"], one["reason"], one["bytes"]) for one in told] == [
        ("1.2.8", "truncated", 5)
    ]
    with pytest.raises(UnknownError, match="quarantine list"):
        say("quarantine", "remove", "1.2.7")


def test_a_study_says_when_its_bytes_were_removed(say, ledger):
    ledger.record(row_of(plain_image(f"{STUDY}.1", STUDY), removed_at=MOMENT))

    assert "no longer kept, since 2026-01-02" in say("studies", "show", STUDY)


def test_a_study_tells_why_it_was_complete_and_of_its_re_runs(say, ledger):
    ledger.record(row_of(plain_image(f"{STUDY}.1", STUDY)))
    first = Completion(
        STUDY, MOMENT, "nothing came for 30 s: LMLO did not come", ("LMLO",), 3, 3, 0, 7
    )
    second = replace(first, reason="all expected views are here", missing=(), rerun=1)
    for one in (first, second):
        ledger.decide([], [], judged=Judged(one))

    told = say("studies", "show", STUDY)

    assert "because nothing came for 30 s: LMLO did not come, without LMLO: 3 images" in told
    assert "3 new jobs, routes version 7" in told
    assert "re-run 1" in told
    completions = json.loads(say("studies", "show", STUDY, "--json"))["completions"]
    assert [(one["number"], one["rerun"]) for one in completions] == [(0, 0), (1, 1)]


def test_a_study_that_is_held_says_so_and_how_to_release_it(say, ledger):
    ledger.record(row_of(plain_image(f"{STUDY}.1", STUDY)))
    ledger.hold(STUDY, "LMLO did not come")

    assert "held: LMLO did not come" in say("studies", "list")
    told = say("studies", "show", STUDY)
    assert f"senoscope studies complete {STUDY}" in told
    assert "the study waits for a person" in told


def test_a_job_that_waits_for_its_hours_says_so(say, ledger):
    image = plain_image(f"{STUDY}.1", STUDY)
    ledger.record(row_of(image))
    job = replace(job_of(image, "super-resolution"), waits="outside the hours of its route")
    taken = decision(f"{STUDY}.1", taken=True, reason="taken", job_id=job.job_id)
    ledger.decide([taken], [job])

    assert "outside the hours of its route" in say("studies", "show", STUDY)
