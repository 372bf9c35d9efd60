import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from evaluated import make_data, make_shelf, shelve_doubler
from PIL import Image
from typer.testing import CliRunner

from service.cli.app import app

CHAPTERS = (
    "## Super-resolution",
    "## Quality before and after",
    "## Segmentation of masses",
    "## Benign or malignant",
    "## Does super-resolution before segmentation and classification help?",
    "## Detection on whole films",
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return make_shelf(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))


def asked(shelf, data, report):
    return ["evaluate", "--all", "--report", report, "--models", shelf, "--data", data, "--json"]


def evaluated(shelf, data, report):
    ran = CliRunner().invoke(app, [str(argument) for argument in asked(shelf, data, report)])
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


@pytest.fixture(scope="module")
def made(shelf, data, tmp_path_factory):
    report = tmp_path_factory.mktemp("report")
    return evaluated(shelf, data, report), report


def test_everything_on_the_shelf_is_measured_in_one_report(made):
    ran, report = made

    told = json.loads(ran.stdout)
    text = (report / "report.md").read_text()

    assert ran.exit_code == 0
    assert told["failed"] == told["not measured"] == []
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        next(line for line in text.splitlines() if line.startswith(one)) for one in CHAPTERS
    ]
    for table in told["tables"]:
        assert (report / f"tables/{table}.csv").stat().st_size
    for line in text.splitlines():
        if line.startswith("!["):
            with Image.open(report / line.rpartition("(")[2].rstrip(")")) as picture:
                assert picture.width > 300


def test_every_chapter_says_by_which_command_when_and_with_what(made):
    text = (made[1] / "report.md").read_text()

    assert text.count("`senoscope evaluate --all --report") >= len(CHAPTERS) - 1
    assert "scikit-image" in text
    assert "UTC" in text


def test_the_figures_of_networks_that_are_plain_to_see_are_what_they_must_be(made):
    tables = json.loads(made[0].stdout)["tables"]

    doubled = [one for one in tables["super-resolution"] if one["model"] == "fsrcnn-x2 1"]
    outlined = [one for one in tables["segmentation"] if one["network"] == "plain-outliner 1"]
    piqe = {one["films"]: one for one in tables["piqe-fsrcnn-x2-1"]}

    assert {one["set"] for one in doubled} == {"Set5", "Set14", "mini-MIAS"}
    assert all(one["gain, dB (95 %), low"] <= one["gain, dB (95 %)"] for one in doubled)
    assert min(one["Dice (95 %)"] for one in outlined) > 0.9  # masses are the brightest
    assert piqe["all"]["number"] == 6
    assert piqe["tissue: fatty"]["number"] == 2


def test_papers_stand_beside_ours(made):
    tables = json.loads(made[0].stdout)["tables"]

    outlined = {one["network"]: one for one in tables["segmentation"]}
    told = {one["network"]: one for one in tables["classification"]}

    assert outlined["U-Net, paper"]["IoU (95 %)"] == 0.862
    assert told["ResNet-50, paper"]["F1 (95 %)"] in {0.64, 0.71}
    assert tables["papers-quality"][0]["super-resolved"] == "3.20 +- 1.33"


def test_what_was_measured_is_not_measured_again_until_its_data_change(shelf, tmp_path):
    data, report = make_data(tmp_path / "data"), tmp_path / "report"
    first = json.loads(evaluated(shelf, data, report).stdout)

    again = json.loads(evaluated(shelf, data, report).stdout)
    picture = data / "natural/val/set5_1.png"
    Image.fromarray(255 - np.asarray(Image.open(picture))).save(picture)
    changed = json.loads(evaluated(shelf, data, report).stdout)

    assert all(part["is_new"] for part in first["parts"])
    assert not any(part["is_new"] for part in again["parts"])
    assert again["tables"] == first["tables"]
    assert {part["name"] for part in changed["parts"] if part["is_new"]} == {
        "super-resolution/fsrcnn-x2 1/Set5",
        "super-resolution/plain-enlarger 1/Set5",
    }


def test_a_picture_that_is_gone_is_drawn_again(shelf, data, made):
    report = made[1]
    picture = report / "figures/segmentation-plain-outliner-mini-MIAS.png"
    picture.unlink()

    told = json.loads(evaluated(shelf, data, report).stdout)

    assert picture.exists()
    assert [part["name"] for part in told["parts"] if part["is_new"]] == [
        "segmentation/plain-outliner 1/mini-MIAS"
    ]


def test_what_is_missing_is_said_and_what_to_do_and_is_no_failure(tmp_path):
    ran = evaluated(tmp_path / "no-models", tmp_path / "no-data", tmp_path / "report")

    missing = {one["name"]: one for one in json.loads(ran.stdout)["not measured"]}
    text = (tmp_path / "report/report.md").read_text()

    assert ran.exit_code == 0
    sets = {f"masses of {name}" for name in ("CDD-CESM", "CBIS-DDSM", "mini-MIAS")}
    assert sets | {"mini-MIAS", "natural images", "segmentation", "detection"} <= set(missing)
    assert "no-data/mammo/mias/labels.csv" in missing["mini-MIAS"]["reason"]
    assert "not measured: no model outlines. Do: senoscope train unet" in text


def test_a_model_with_other_weights_fails_alone_and_the_command_says_so(data, tmp_path):
    shelve_doubler(tmp_path / "models")
    broken = shelve_doubler(tmp_path / "models", "fsrcnn-broken")
    broken.weights.write_bytes(b"no network")

    ran = evaluated(tmp_path / "models", data, tmp_path / "report")

    told = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert told["failed"]
    assert all("fsrcnn-broken" in one["name"] or "crops" in one["name"] for one in told["failed"])
    assert any("fsrcnn-x2" in one["name"] for one in told["parts"])
    assert "**failed**" in (tmp_path / "report/report.md").read_text()


def test_what_a_killed_run_had_measured_is_kept(shelf, data, tmp_path):
    report = tmp_path / "report"
    arguments = [str(argument) for argument in asked(shelf, data, report)]
    run = subprocess.Popen([sys.executable, "-m", "service", *arguments], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(report.glob("parts/**/*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)

    run.send_signal(signal.SIGKILL)
    run.wait()
    kept = {path: json.loads(path.read_text()) for path in report.glob("parts/**/*.json")}
    told = json.loads(evaluated(shelf, data, report).stdout)

    assert len(kept) >= 3
    assert {part["name"] for part in told["parts"] if not part["is_new"]} == {
        one["name"] for one in kept.values()
    }
    assert told["failed"] == []


@pytest.mark.parametrize(
    "arguments", [["--all"], ["fsrcnn-x2", "--all", "--report", "there"], [], ["--report", "there"]]
)
def test_all_wants_a_folder_and_no_model(arguments, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "service", "evaluate", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 2
    assert "--all" in ran.stderr
    assert "Traceback" not in ran.stderr
