"""`senoscope train shelve`: from a run to a model on a shelf, and to the same weights again."""

import pytest
from training_data import make
from typer.testing import CliRunner

from engines.backends.onnxruntime import open_reference
from engines.card import read_card
from engines.shelf import verify
from engines.training.courses import RECIPE
from service.cli.app import app
from service.errors import RefusedError

OWN = "[network]\nwidth = 2\n[menu]\nbatch = 2\n[plan]\nseed = 7\n"


def senoscope(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    (folder / "mine.toml").write_text(OWN)
    options = ["--data", data, "--out", folder / "small", "--epochs", 2, "--steps", 1]
    done = senoscope("train", "unet", *options, "--recipe", folder / "mine.toml")
    assert done.exit_code == 0, done.output
    return folder / "small"


@pytest.fixture(scope="module")
def card(run, tmp_path_factory):
    shelf = tmp_path_factory.mktemp("shelf")
    done = senoscope("train", "shelve", run, "--name", "mine", "--version", "3", "--shelf", shelf)
    assert done.exit_code == 0, done.output
    return read_card(shelf / "mine" / "3")


def test_a_run_is_a_model_that_runs(card):
    verify(card)

    with_reference = open_reference(card)

    assert (card.task, card.tile, card.grid) == ("segmentation", 128, 16)
    assert with_reference.card.name == "mine"


def test_its_card_says_how_it_came_and_what_it_is_worth(card):
    told = card.training

    assert told.seed == 7
    assert all((told.data, told.licence, told.limits))
    assert "2 epochs of 1 batches" in told.recipe
    tests = [one for one in card.measured if "chose nothing" in one.what]
    assert {one.what.partition(",")[0] for one in tests} >= {"iou", "dice"}
    assert all(one.interval[0] <= one.value <= one.interval[1] for one in tests)


def test_the_command_on_the_card_gives_the_same_weights(card, run, data, tmp_path):
    words = card.training.command.split()
    words[words.index("--recipe") + 1] = str(card.folder / RECIPE)

    done = senoscope(*words[1:], "--data", data, "--out", tmp_path / "again")

    assert done.exit_code == 0, done.output
    assert (tmp_path / "again/weights.onnx").read_bytes() == (run / "weights.onnx").read_bytes()


def test_what_is_on_the_shelf_is_not_replaced_unless_asked(card, run):
    shelf = card.folder.parent.parent
    asked = ["train", "shelve", run, "--name", "mine", "--version", "3", "--shelf", shelf]

    refused, forced = senoscope(*asked), senoscope(*asked, "--force")

    assert isinstance(refused.exception, RefusedError)
    assert forced.exit_code == 0


def test_what_is_no_run_is_refused(tmp_path):
    done = senoscope("train", "shelve", tmp_path, "--shelf", tmp_path / "shelf")

    assert isinstance(done.exception, RefusedError)
    assert "run.toml" in str(done.exception)


@pytest.fixture(scope="module")
def detector(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("detectors")
    (folder / "mine.toml").write_text('[network]\nwidth = 2\n[menu]\nsegmentation = "mine"\n')
    options = ["--data", data, "--out", folder / "run", "--epochs", 1, "--steps", 1]
    done = senoscope("train", "detector", *options, "--recipe", folder / "mine.toml")
    assert done.exit_code == 0, done.output
    done = senoscope("train", "shelve", folder / "run", "--name", "finder", "--shelf", folder)
    assert done.exit_code == 0, done.output
    return read_card(folder / "finder" / "1")


def test_a_detector_says_what_follows_it_and_where_it_is_operated(detector):
    verify(detector)

    chain = detector.chain
    assert (detector.task, detector.tile, detector.grid) == ("segmentation", 512, 16)
    assert (chain.segmentation, chain.classification) == ("mine", "densenet121")
    assert 0 < chain.least_certainty <= 1
    assert not any("certainty" in one.what for one in detector.measured)
    assert any("sensitivity, patients that chose nothing" in one.what for one in detector.measured)


def test_a_card_says_how_wide_the_regions_are_that_its_network_learned_from(card, detector):
    assert card.input.room == 1.5
    assert detector.input.room is None


def test_what_started_from_another_run_has_that_runs_recipe_and_command_too(run, data, tmp_path):
    later = tmp_path / "later"
    options = ["--data", data, "--out", later, "--epochs", 1, "--steps", 1]
    done = senoscope("train", "unet", *options, "--init", run / "best.pt", "--recipe", run / RECIPE)
    assert done.exit_code == 0, done.output

    senoscope("train", "shelve", later, "--shelf", tmp_path / "shelf")

    card = read_card(tmp_path / "shelf" / "later" / "1")
    assert (card.folder / "first.toml").read_text() == (run / RECIPE).read_text()
    first, _, second = card.training.command.partition(" && ")
    assert first == f"senoscope train unet --recipe models/later/1/first.toml --out {run}"
    assert second.startswith(f"senoscope train unet --init {run / 'best.pt'} --recipe")
