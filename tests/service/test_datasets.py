"""Preparing goes on where it was, and what is there is told: the commands `senoscope datasets`."""

import fcntl
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from downloaded import film, inbreast, marks, mini_mias, picture, square, write_pgm
from PIL import Image
from typer.testing import CliRunner

from service.cli.app import app
from service.datasets.checking import check
from service.datasets.mini_mias import FOLDER, plan
from service.datasets.preparing import prepare
from service.errors import RefusedError, WrongUsageError

ROW = "removed;removed;L;CC;201001;22614236;2;4a"
IMAGE = "22614236_6c613a14b80a8591_MG_L_CC_ANON.dcm"


def prepared(source, out):
    return prepare(plan(source), out, lambda: None)


def say(*words):
    return CliRunner().invoke(app, ["datasets", *map(str, words)], catch_exceptions=True)


def of_inbreast(tmp_path, *drawn):
    return inbreast(tmp_path / "in", {IMAGE: "LCC"}, [ROW], {"22614236": marks(*drawn)})


def test_what_is_done_is_not_done_again(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    prepared(source, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).rglob("*.png")}

    summary = prepared(source, tmp_path)

    assert (summary.made, summary.kept) == (0, 7)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_was_lost_or_has_other_sources_is_made_again(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    prepared(source, tmp_path)
    (tmp_path / FOLDER / "images" / "mdb001.png").unlink()
    (tmp_path / FOLDER / "images" / "mdb002.png").write_bytes(b"cut")
    write_pgm(source / "mdb003.pgm", film(33))

    summary = prepared(source, tmp_path)

    assert (summary.made, summary.kept) == (3, 4)
    assert np.array_equal(picture(tmp_path / FOLDER / "images" / "mdb003.png"), film(33))


def test_what_a_table_says_anew_is_made_again(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    prepared(source, tmp_path)
    info = source / "Info.txt"
    info.write_text(info.read_text().replace("535 425", "535 426"))

    assert prepared(source, tmp_path).made == 1
    assert "535,598" in (tmp_path / FOLDER / "labels.csv").read_text()


def test_a_line_of_the_journal_that_was_cut_off_costs_one_film(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    prepared(source, tmp_path)
    journal = tmp_path / FOLDER / "prepared.jsonl"
    journal.write_text(journal.read_text().rstrip()[:-20])

    assert prepared(source, tmp_path).made == 1


def test_a_run_that_is_killed_leaves_whole_images_and_is_gone_on_with(tmp_path):
    names = [f"mdb{number:03}" for number in range(1, 61)]
    info = "".join(f"{name} G NORM\n" for name in names)
    source = mini_mias(tmp_path / "all-mias", info, names)
    words = ("datasets", "prepare", "mini-mias", source, "--out", tmp_path, "--json")
    images = tmp_path / FOLDER / "images"
    with subprocess.Popen([sys.executable, "-m", "service", *words]) as running:
        while len(list(images.glob("*.png"))) < 5 and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    left = list(images.glob("*.png"))
    assert 5 <= len(left) < 60
    for path in left:
        assert np.array_equal(picture(path), film(int(path.stem[3:])))

    summary = prepared(source, tmp_path)

    assert summary.kept >= len(left) - 1
    assert summary.made + summary.kept == 60
    assert not list((tmp_path / FOLDER).rglob("*.part"))


def test_two_at_once_do_not_write_into_each_other(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    prepared(source, tmp_path)

    with (tmp_path / FOLDER / ".preparing.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="another process prepares it"):
            prepared(source, tmp_path)


def test_a_set_that_somebody_else_made_is_left_alone(tmp_path):
    (tmp_path / FOLDER).mkdir(parents=True)
    table = tmp_path / FOLDER / "labels.csv"
    table.write_text("image\n")

    with pytest.raises(ValueError, match="was not made by this command"):
        prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    assert table.read_text() == "image\n"


def test_the_folder_says_where_its_images_are_from_and_on_which_terms(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    said = (tmp_path / FOLDER / "README.md").read_text()
    assert "research only" in said
    assert "Suckling" in said


def test_the_command_prepares_and_says_what_it_did_in_json(tmp_path):
    source = mini_mias(tmp_path / "all-mias")

    told = say("prepare", "mini-mias", source, "--out", tmp_path, "--json")

    assert told.exit_code == 0
    (said,) = json.loads(told.stdout)
    assert (said["made"], said["rows"]) == (7, {"labels": 8, "masks": 0})


def test_what_is_missing_is_a_failure_unless_it_is_known(tmp_path):
    source = mini_mias(tmp_path / "all-mias", films=["mdb001"])

    told = say("prepare", "mini-mias", source, "--out", tmp_path)
    again = say("prepare", "mini-mias", source, "--out", tmp_path, "--partial")

    assert isinstance(told.exception, RefusedError)
    assert "missing: mdb002.pgm: named in Info.txt, not there" in told.stdout
    assert again.exit_code == 0


def test_what_fails_is_a_failure_and_is_named(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    (source / "mdb001.pgm").write_bytes(b"P5\n")

    told = say("prepare", "mini-mias", source, "--out", tmp_path, "--partial")

    assert isinstance(told.exception, RefusedError)
    assert "failed: mdb001: " in told.stdout


def test_a_source_that_is_none_is_one_line_with_what_to_do(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "service", "datasets", "prepare", "inbreast", tmp_path, "-o", "x"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert told.stderr.startswith(f"senoscope: no INbreast.csv under {tmp_path}")


def test_a_spacing_is_for_inbreast_only(tmp_path):
    told = say("prepare", "mini-mias", tmp_path, "--out", tmp_path, "--spacing", "0.2")

    assert isinstance(told.exception, WrongUsageError)


def test_what_is_prepared_is_counted(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    told = say("check", tmp_path, "--json")

    assert told.exit_code == 0
    (found,) = json.loads(told.stdout)
    assert (found["images"], found["patients"], found["lesions"]) == (7, 5, 6)
    assert found["by_severity"] == {"benign": 5, "malignant": 1, "normal": 2}
    assert found["by_kind"] == {"CALC": 1, "CIRC": 5, "NORM": 2}
    assert (found["problems"], found["doubts"]) == ([], [])


def test_pictures_that_are_lost_broken_or_half_written_are_named(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)
    images = tmp_path / FOLDER / "images"
    (images / "mdb001.png").unlink()
    (images / "mdb002.png").write_bytes((images / "mdb002.png").read_bytes()[:-100])
    (images / "mdb003.png").write_bytes(b"")
    (images / "mdb004.png.part").touch()

    told = say("check", tmp_path / FOLDER)

    assert isinstance(told.exception, RefusedError)
    lines = [line for line in told.stdout.splitlines() if "problem" in line]
    assert [line.split()[1] for line in lines] == [
        "images/mdb001.png:",
        "images/mdb002.png:",
        "images/mdb003.png:",
        "images/mdb004.png.part:",
    ]


def test_films_that_are_the_same_and_places_outside_are_doubtful(tmp_path):
    source = mini_mias(tmp_path / "all-mias")
    info = (source / "Info.txt").read_text()
    (source / "Info.txt").write_text(info.replace("522 280 69", "5220 280 69"))
    write_pgm(source / "mdb004.pgm", film(3))
    prepared(source, tmp_path)

    found = check(tmp_path / FOLDER)

    assert "the same image: images/mdb003.png, images/mdb004.png" in found.doubts
    assert any(
        said.startswith("images/mdb002.png: a lesion at (5220, 744)") for said in found.doubts
    )


def test_masks_that_are_empty_or_of_another_size_are_problems(tmp_path):
    source = of_inbreast(tmp_path, ("Mass", square(40, 60, 20)), ("Mass", square(90, 60, 20)))
    assert say("prepare", "inbreast", source, "--out", tmp_path).exit_code == 0
    folder = tmp_path / "mammo/inbreast"
    first = picture(folder / "masks/22614236_0.png")
    Image.fromarray(first[:-1]).save(folder / "masks/22614236_0.png")
    Image.fromarray(np.zeros_like(first)).save(folder / "masks/22614236_1.png")

    found = check(folder)

    assert [said.split(":")[0] for said in found.problems] == [
        "masks/22614236_0.png",
        "masks/22614236_1.png",
    ]


def test_images_that_no_table_names_are_doubtful(tmp_path):
    prepared(mini_mias(tmp_path / "all-mias"), tmp_path)
    Image.fromarray(film(9)).save(tmp_path / FOLDER / "images" / "mdb009.png")

    assert check(tmp_path / FOLDER).doubts == ["images/mdb009.png: not in labels.csv"]


def test_a_folder_without_a_set_says_how_to_make_one(tmp_path):
    told = say("check", tmp_path)

    assert isinstance(told.exception, RefusedError)
    assert "senoscope datasets prepare" in str(told.exception)


def test_the_shared_sets_are_whole(tmp_path, data_dir):
    if data_dir is None:
        prepared(mini_mias(tmp_path / "all-mias"), tmp_path)

    told = say("check", data_dir or tmp_path, "--json")

    assert told.exit_code == 0
    found = {one["folder"].rpartition("/")[2]: one for one in json.loads(told.stdout)}
    assert found["mias"]["problems"] == []
    assert found["mias"]["by_severity"]["malignant"] > 0
