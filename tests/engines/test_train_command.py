"""`senoscope train`, on made-up data."""

import csv
import importlib.util
import json
from pathlib import Path

import pytest
import torch
from training_data import make
from typer.testing import CliRunner

from engines.training.courses import RECIPE, SPLIT
from engines.training.loop import WEIGHTS
from service.cli.app import app
from service.cli.train.asked import Asked, Preset, stated

TINY = "[network]\nd = 8\ns = 4\nm = 1\n[menu]\nside = 12\npictures = 2\nbreasts = 1\nrims = 1\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TINY)
    return path


def train(*words):
    return CliRunner().invoke(app, ["train", *map(str, words)])


def options(data, out, *more):
    return ["--data", data, "--out", out, "--steps", 1, *more]


@pytest.fixture(scope="module")
def ran(data, tmp_path_factory):
    """What a small training at x3 printed and left."""
    own, out = tmp_path_factory.mktemp("own") / "mine.toml", tmp_path_factory.mktemp("out") / "run"
    own.write_text(TINY)
    given = ["--scale", 3, "--epochs", 2, "--recipe", own]
    return train("fsrcnn", *options(data, out, *given)), out


def test_a_training_leaves_weights_curves_the_recipe_and_who_was_held_back(ran):
    done, out = ran

    assert done.exit_code == 0, done.output
    assert (out / WEIGHTS).exists()
    assert "test gain on films" in json.loads((out / "figures.json").read_text())
    assert "d = 8" in (out / RECIPE).read_text()
    with (out / SPLIT).open() as file:
        parts = {row["part"] for row in csv.DictReader(file)}
    assert parts == {"train", "validation", "test"}
    assert "test gain on films" in done.output


def test_a_training_says_what_it_came_to_as_json(data, own, tmp_path):
    done = train(
        "fsrcnn", *options(data, tmp_path / "run", "--epochs", 1, "--recipe", own), "--json"
    )

    said = json.loads(done.output)
    assert (said["epoch"], said["figure"]) == (1, "gain")
    assert said["weights"] == str(tmp_path / "run" / WEIGHTS)


def test_another_scale_starts_from_what_was_learned_of_one(ran, data, own, tmp_path):
    _, out = ran
    given = ["--scale", 2, "--epochs", 1, "--recipe", own, "--init", out / "best.pt"]

    done = train("fsrcnn", *options(data, tmp_path / "run", *given))

    assert done.exit_code == 0, done.output


def test_a_training_is_resumed_and_not_overwritten(ran, data):
    _, out = ran
    given = options(data, out, "--scale", 3, "--epochs", 3, "--recipe", out / RECIPE)

    refused, resumed = train("fsrcnn", *given), train("fsrcnn", *given, "--resume")

    assert refused.exit_code == 1
    assert "holds a run" in str(refused.exception)
    assert resumed.exit_code == 0, resumed.output
    assert len((out / "curves.csv").read_text().splitlines()) == 4


def test_a_network_that_is_shown_regions_is_trained(data, tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text("[network]\nwidth = 2\n[menu]\nbatch = 2\n")

    done = train("unet", *options(data, tmp_path / "run", "--epochs", 1, "--recipe", own))

    assert done.exit_code == 0, done.output
    assert "test iou of mammo/mias" in done.output


def test_a_key_that_is_none_is_wrong_usage_and_the_nearest_is_named(data, tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text("[plan]\nratee = 3\n")

    done = train("unet", *options(data, tmp_path / "run", "--recipe", own))

    assert done.exit_code != 0
    assert "did you mean 'rate'?" in str(done.exception)


def test_weights_that_do_not_fit_are_refused(data, tmp_path):
    torch.save({"other": torch.zeros(2)}, tmp_path / "other.pth")

    done = train("unet", *options(data, tmp_path / "run", "--init", tmp_path / "other.pth"))

    assert "no weights of this network" in str(done.exception)


def test_a_grid_is_searched_and_gone_on_with(data, own, tmp_path):
    grid, out = tmp_path / "grid.toml", tmp_path / "out"
    grid.write_text('optimiser = ["adam", "sgd"]\nrate = [1e-3]\n')
    given = options(data, out, "--epochs", 1, "--recipe", own, "--grid", grid)

    first = train("fsrcnn", *given)
    weights = {path: path.stat().st_mtime_ns for path in out.glob("*/last.pt")}
    again = train("fsrcnn", *given, "--json")

    assert first.exit_code == again.exit_code == 0, first.output
    assert "sgd" in first.output
    assert len(weights) == 2
    assert {path: path.stat().st_mtime_ns for path in weights} == weights
    rows = json.loads(again.output)
    assert {row["optimiser"] for row in rows} == {"adam", "sgd"}
    assert rows[0]["gain"] >= rows[1]["gain"]
    assert len((out / "grid.csv").read_text().splitlines()) == 3


def test_a_search_without_a_grid_is_wrong_usage(data, tmp_path):
    done = train("unet", *options(data, tmp_path / "run", "--search"))

    assert "has no [grid]" in str(done.exception)


def test_curves_go_to_tensorboard_where_it_is_installed(data, own, tmp_path):
    given = options(data, tmp_path / "run", "--epochs", 1, "--recipe", own, "--tensorboard")

    done = train("fsrcnn", *given)

    if importlib.util.find_spec("tensorboard"):
        assert list((tmp_path / "run/tensorboard").glob("events.*"))
    else:
        assert "needs senoscope[tensorboard]" in str(done.exception)


def test_what_enlarges_regions_before_is_kept_with_the_recipe():
    asked = Asked(
        network="resnet50", preset=Preset.BEST, data=Path(), out=Path(), plan={}, before="edsr-x2"
    )

    assert stated(asked).menu.before == "edsr-x2"
