import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from service.cli.app import app
from service.errors import RefusedError

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def senoscope():
    def run(*arguments):
        ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if ran.exception and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran

    return run


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    down, across = np.ogrid[0:96, 0:128]
    for number in range(2):
        rings = np.hypot(down - 40, across - 50 - 9 * number) % 20 < 8
        Image.fromarray(np.where(rings, 200, 40).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def test_a_model_is_evaluated_on_any_folder(senoscope, pictures, tmp_path):
    out = tmp_path / "report.md"

    ran = senoscope(
        "evaluate", "fsrcnn-x2", "--models", MODELS, "--data", tmp_path, "--json",
        "--images", f"rings={pictures}", "--mammograms", f"films={pictures}", "--out", out,
    )  # fmt: skip

    rows = json.loads(ran.stdout)
    assert {row["set"] for row in rows} == {"rings", "films"}
    quality = {row["method"]: row["psnr"] for row in rows if row["set"] == "rings"}
    assert quality["fsrcnn-x2 openvino-fp32"] > quality["bicubic"] + 1
    assert "| rings | 2 | bicubic |" in out.read_text()


def test_the_table_is_printed_with_how_it_was_measured(senoscope, pictures, tmp_path):
    ran = senoscope(
        "evaluate", "fsrcnn-x2", "--models", MODELS, "--data", tmp_path,
        "--images", f"rings={pictures}",
    )  # fmt: skip

    assert "bicubic" in ran.output
    assert "2 x 2 binning" in ran.output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["fsrcnn-x2", "--images", "rings"], "rings: want NAME=DIR"),
        (["fsrcnn-x2", "--images", "rings=nowhere"], "rings=nowhere: want NAME=DIR"),
        (["fsrcnn-x2"], "no images"),
    ],
)
def test_an_evaluation_of_nothing_is_refused(senoscope, tmp_path, arguments, fault):
    with pytest.raises(RefusedError, match=fault):
        senoscope("evaluate", "--models", MODELS, "--data", tmp_path, *arguments)


def test_a_model_that_is_not_on_the_shelf_is_refused(senoscope, pictures):
    with pytest.raises(RefusedError, match="no model 'fate'"):
        senoscope("evaluate", "fate", "--models", MODELS, "--images", f"rings={pictures}")


def test_training_without_images_is_refused(senoscope, tmp_path):
    with pytest.raises(RefusedError, match="no images in"):
        senoscope("train", "fsrcnn", "--data", tmp_path, "--out", tmp_path / "out")
