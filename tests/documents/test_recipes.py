"""Each recipe of the routes cookbook is right, and takes the images that it says it takes."""

import json
import re

import pytest
from phantoms import mammogram, picture, saved
from typer.testing import CliRunner

from documents.blocks import PROJECT, blocks
from service.cli.app import app

PAGE = PROJECT / "docs/routes-cookbook.md"
RECIPES = [block for block in blocks(PAGE) if block.mark == "recipe"]
(DESTINATIONS,) = (block.text for block in blocks(PAGE) if block.mark == "recipe: destinations")
TITLE = re.compile(r"^## (.+)$", re.MULTILINE)
EXPECT = re.compile(r"<!-- expect: (.+) from (\S+) -> (.+) -->")
SECTIONS = dict(
    zip(TITLE.findall(PAGE.read_text()), TITLE.split(PAGE.read_text())[2::2], strict=True)
)
UNUSED = "no route names it"
SMALL = {"rows": 512, "columns": 416}


def changed(image, **attributes):
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def spot_view():
    image = mammogram(**SMALL)
    image.EstimatedRadiographicMagnificationFactor = "1.8"
    return image


IMAGES = {
    "mammogram": lambda: mammogram(**SMALL),
    "raw": lambda: mammogram(intent="FOR PROCESSING", **SMALL),
    "spot view": spot_view,
    "CT": lambda: picture("CT"),
    "assessment": lambda: changed(mammogram(**SMALL), StudyDescription="Recall assessment"),
    "implant": lambda: changed(mammogram(**SMALL), BreastImplantPresent="YES"),
    "biopsy": lambda: changed(mammogram(**SMALL), SeriesDescription="Stereotactic Biopsy"),
    "film": lambda: changed(mammogram(**SMALL), Modality="CR", BodyPartExamined="BREAST"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folders = {name: tmp_path_factory.mktemp("image") for name in IMAGES}
    return {name: saved(IMAGES[name](), folder) for name, folder in folders.items()}


@pytest.fixture
def say(tmp_path):
    config = tmp_path / "senoscope.toml"
    config.write_text('data_dir = "data"\n')

    def said(*words):
        told = CliRunner().invoke(app, [*map(str, words), "--config", str(config)])
        assert told.exit_code == 0, f"{told.output} {told.exception or ''}"
        return told.output

    return said


def test_there_is_a_recipe_under_each_heading():
    assert len(RECIPES) == len(SECTIONS) >= 12


@pytest.mark.parametrize("title", SECTIONS)
def test_a_recipe_is_right_and_takes_what_it_says(title, say, files, tmp_path):
    recipe = RECIPES[list(SECTIONS).index(title)]
    routes = tmp_path / "routes.toml"
    routes.write_text(f"{DESTINATIONS}\n{recipe.text}")
    expected = EXPECT.findall(SECTIONS[title])

    checked = say("routes", "check", routes)
    taken = [
        (image, sender, taken_by(say, files[image], sender, routes))
        for image, sender, _ in expected
    ]

    assert [line for line in checked.splitlines() if "warning" in line and UNUSED not in line] == []
    assert taken == expected


def taken_by(say, file, sender, routes):
    """Return the names of the routes that take the image, "nothing" where none does."""
    told = say("routes", "explain", file, "--calling", sender, "--routes", routes, "--json")
    names = dict.fromkeys(answer["route"] for answer in json.loads(told) if answer["taken"])
    return ", ".join(names) or "nothing"
