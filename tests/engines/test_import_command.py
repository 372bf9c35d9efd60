"""`senoscope engines import`: what it asks, what it puts on the shelf, what it says."""

import hashlib
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest
import typer
from foreign import SIDE, blurring, classifier, saved, sklearn_model, with_weights_elsewhere
from phantoms import mammogram
from reread import reread
from typer.testing import CliRunner

from engines.load import open_engine
from engines.shelf import cards, find_card, verify
from pipelines.mammogram.read import read
from pipelines.reduction import reduced
from service.cli.engines import importing
from service.errors import NodeError
from service.settings import packaged_models
from service.wiring import make_offline

SAID = ("--task", "classification", "--labels", "dark,bright", "--licence", "mine")


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "site" / "senoscope.toml"
    path.parent.mkdir()
    path.write_text("")
    return path


@pytest.fixture
def imported(config):
    """Return a way to run the command; it gives what is printed."""
    app = typer.Typer()
    importing.register(app)

    def run(file, *options):
        arguments = [str(file), *options, "--config", str(config)]
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def refusal(imported, file, *options):
    with pytest.raises(NodeError) as caught:
        imported(file, *options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def shelf(config):
    return config.parent / "models"


def test_a_network_is_put_on_the_shelf_with_a_card_that_tells_all(imported, shelf, tmp_path):
    told = imported(saved(classifier(), tmp_path, "My Net_2.onnx"), *SAID)

    (card,) = cards(shelf)
    verify(card)
    assert (card.name, card.version, card.task) == ("my-net-2", "1", "classification")
    assert [label.name for label in card.labels] == ["dark", "bright"]
    assert (card.tile, card.halo, card.batch) == (8, 0, 1)
    assert card.training.licence == "mine"
    assert 'pipelines = ["classification:my-net-2"]' in told
    assert sorted(path.name for path in shelf.iterdir()) == ["my-net-2"]


def test_the_shelved_network_answers_as_the_foreign_one(imported, shelf, tmp_path):
    learner, model = sklearn_model()
    imported(saved(model, tmp_path, "mlp.onnx"), *SAID)
    image = reread(mammogram(rows=100, columns=80))
    window, _ = reduced(read(image), SIDE)

    engine = open_engine(find_card(shelf, "mlp"), "cpu")
    answer = engine(window.reshape(1, 1, SIDE, SIDE))
    engine.close()

    assert answer == pytest.approx(learner.predict_proba(window.reshape(1, -1)), abs=1e-4)


def test_a_pipeline_runs_it_and_reports_what_it_says(imported, config, tmp_path):
    learner, model = sklearn_model("forest")
    imported(saved(model, tmp_path, "forest.onnx"), *SAID)
    image = mammogram(rows=100, columns=80)
    image.save_as(tmp_path / "image.dcm", enforce_file_format=True)

    offline = make_offline(config, "classification:forest", "cpu", tmp_path / "out")
    (done,) = offline.process([tmp_path / "image.dcm"])

    assert (done.outcome, len(done.results)) == ("done", 1)
    window, _ = reduced(read(reread(image)), SIDE)
    (wanted,) = learner.predict_proba(window.reshape(1, -1))
    assert reported(tmp_path / "out" / done.results[0]) == pytest.approx(100 * wanted, abs=0.01)


def reported(path):
    from pydicom import dcmread  # noqa: PLC0415 - only here

    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for group in dcmread(path).ContentSequence[-1].ContentSequence
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    ]


def test_it_says_the_same_as_json(imported, tmp_path):
    said = json.loads(imported(saved(classifier(), tmp_path), *SAID, "--json"))

    assert said["pipeline"] == "classification:foreign"
    assert said["card"]["tile"] == said["found"]["tile"] == 8


def test_what_is_there_is_replaced_only_by_force(imported, shelf, tmp_path):
    file = saved(classifier(), tmp_path)
    imported(file, *SAID)
    before = find_card(shelf, "foreign")

    told = refusal(imported, file, *SAID, "--range", "0,2")
    assert "--version" in told
    assert "--force" in told
    assert find_card(shelf, "foreign") == before

    imported(file, *SAID, "--range", "0,2", "--version", "2")
    assert find_card(shelf, "foreign").version == "2"

    imported(file, *SAID, "--range", "0,2", "--force")
    assert find_card(shelf, "foreign", "1").sha256 != before.sha256
    assert sorted(path.name for path in shelf.iterdir()) == ["foreign"]


def test_a_shipped_model_is_not_hidden_by_accident(imported, tmp_path):
    told = refusal(imported, saved(classifier(), tmp_path), *SAID, "--name", "fsrcnn-x2")

    assert "shipped" in told


def test_nothing_is_put_where_an_update_would_lose_it(imported, config, tmp_path):
    config.write_text(f"models = {str(packaged_models())!r}\n")

    told = refusal(imported, saved(classifier(), tmp_path), *SAID)

    assert 'models = "my-models"' in told


CARD = """
version = "2024.1"
summary = "Tells bright from dark."
task = "classification"

[[labels]]
name = "dark"

[[labels]]
name = "bright"
code = { value = "BRIGHT", scheme = "99SITE", meaning = "Bright image" }

[tolerance]
maximum = 0.5
root_mean_square = 0.1

[training]
data = "images of chance"
licence = "CC0"
"""


def test_a_card_says_what_options_need_not(imported, shelf, tmp_path):
    (tmp_path / "card.toml").write_text(CARD)

    imported(saved(classifier(), tmp_path), "--card", str(tmp_path / "card.toml"))

    card = find_card(shelf, "foreign")
    assert (card.version, card.summary) == ("2024.1", "Tells bright from dark.")
    assert card.labels[1].code.scheme == "99SITE"
    assert card.tolerance.maximum == 0.5
    assert card.training.data == "images of chance"


def test_options_win_over_the_card(imported, shelf, tmp_path):
    (tmp_path / "card.toml").write_text(CARD)
    options = ("--card", str(tmp_path / "card.toml"), "--version", "9", "--licence", "mine")

    imported(saved(classifier(), tmp_path), *options)

    card = find_card(shelf, "foreign")
    assert (card.version, card.training.licence) == ("9", "mine")
    assert card.training.data == "images of chance"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tsk = 1", "tsk: a card says no such thing"),
        ("task =", "is not TOML"),
        (f'sha256 = "{"0" * 64}"', "the card says"),
        ('[training]\nlicense = "mine"', "training.license"),
        ("precisions = []", "precisions"),
    ],
)
def test_a_card_that_says_something_wrong_is_refused(imported, shelf, tmp_path, text, told):
    (tmp_path / "card.toml").write_text(text)

    said = refusal(
        imported, saved(classifier(), tmp_path), *SAID, "--card", str(tmp_path / "card.toml")
    )

    assert told in said
    assert not list(shelf.glob("*"))


def test_a_card_may_name_the_file_that_it_is_of(imported, shelf, tmp_path):
    file = saved(classifier(), tmp_path)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / "card.toml").write_text(f'sha256 = "{digest}"')

    imported(file, *SAID, "--card", str(tmp_path / "card.toml"))

    verify(find_card(shelf, "foreign"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--task"),
        (("--task", "classification"), "--labels"),
        (("--task", "classification", "--labels", "a,b"), "--licence"),
        (("--task", "clasification", *SAID[2:]), "--task"),
        ((*SAID, "--name", "../evil"), "name"),
        ((*SAID, "--name", "/evil"), "name"),
        ((*SAID, "--version", "../1"), "version"),
        ((*SAID, "--range", "1"), "--range"),
        ((*SAID, "--range", "1,1"), "--range"),
        ((*SAID, "--layout", "hcwn"), "--layout"),
        ((*SAID, "--labels", "a,b,c"), "--labels names 3"),
    ],
)
def test_what_is_missing_or_wrong_is_named_by_its_option(imported, shelf, tmp_path, options, told):
    assert told in refusal(imported, saved(classifier(), tmp_path), *options)
    assert not list(shelf.glob("*"))


def test_yes_takes_the_defaults_that_there_are(imported, shelf, tmp_path):
    imported(saved(classifier(), tmp_path), *SAID[:4], "--yes")

    assert find_card(shelf, "foreign").training.licence == "not stated"


def test_a_hostile_file_leaves_nothing_behind(imported, shelf, tmp_path):
    assert "another file" in refusal(imported, with_weights_elsewhere(tmp_path), *SAID)
    assert not shelf.exists()


def on_a_terminal(arguments, answers):
    """Run the command as a person would; return what is on the screen in the end."""
    program = (
        "import typer; from service.cli.engines import importing; app = typer.Typer(); "
        "importing.register(app); app()"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "200"},  # noqa: TID251 - a person's terminal
    )
    os.close(theirs)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    screen = b""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 4096):
            screen += part
    os.close(ours)
    return process.wait(timeout=60), screen.decode()


def test_on_a_terminal_what_is_not_said_is_asked_for(config, shelf, tmp_path):
    file = saved(blurring(), tmp_path)

    status, screen = on_a_terminal(
        [file, "--config", config], ["segmentation", "Lesion", "my own", "32"]
    )

    assert status == 0, screen
    for question in (
        "What does it do",
        "stand for",
        "Under which licence",
        "trained on, in pixels",
    ):
        assert question in screen
    card = find_card(shelf, "foreign")
    assert (card.task, card.labels[0].name, card.tile) == ("segmentation", "lesion", 32)
    assert card.training.licence == "my own"
