"""The models on the shelves as pipelines, while a process runs."""

import pytest
from foreign import classifier, saved

from engines.card import CardError
from engines.importing.process import Bounds, try_out
from engines.importing.shelving import replace, shelve
from engines.importing.statement import card_of
from engines.importing.wish import Wish
from engines.shelf import cards, find_card
from service.errors import BadConfigurationError
from service.models import Pipelines, Versions
from service.router.routes_file import RoutesFile, load_routes
from service.settings import load_settings, packaged_models

ROUTES = """\
[destinations.pacs]
ae_title = "PACS"
host = "127.0.0.1"
port = 104

[[routes]]
name = "all"
pipelines = ["{pipeline}"]
send_to = ["pacs"]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A card to be, and its weights."""
    path = saved(classifier(), tmp_path_factory.mktemp("foreign"))
    found, weights = try_out(path, Wish(task="classification", labels=2), Bounds())
    stated = {"task": "classification", "labels": [{"name": "dark"}, {"name": "bright"}]}
    return card_of(stated, found, path), weights


def put(shelf, made, **changes):
    stated, weights = made
    return shelve(shelf, {**stated, **changes}, weights)


def test_a_hospitals_models_stand_beside_the_shipped_ones(tmp_path, made):
    put(tmp_path / "models", made, name="my-net")
    (tmp_path / "senoscope.toml").write_text("")

    found = Pipelines(load_settings(tmp_path / "senoscope.toml").shelves)

    assert {"super-resolution", "super-resolution:fsrcnn-x2", "classification:my-net"} <= set(found)
    assert found["classification:my-net"].networks == ("my-net",)
    assert Versions(found)["super-resolution"].startswith("2 ")


def test_of_two_models_of_a_name_the_hospitals_own_is_taken(tmp_path, made):
    put(tmp_path, made, name="fsrcnn-x2", version="0.1")

    shelves = (tmp_path, packaged_models())

    assert find_card(shelves, "fsrcnn-x2").version == "0.1"
    assert [card.version for card in cards(shelves) if card.name == "fsrcnn-x2"] == ["0.1"]


def test_a_broken_model_is_left_out_and_named(tmp_path, made, caplog):
    card = put(tmp_path, made, name="broken")
    put(tmp_path, made, name="whole")
    (card.folder / "card.toml").write_text("name = 1")

    found = Pipelines((tmp_path, packaged_models()))

    assert "classification:whole" in found
    assert "classification:broken" not in found
    assert "broken/1/card.toml" in found.broken["broken"]
    assert [one.message for one in caplog.records if "left out" in one.message]


def test_a_model_that_comes_later_is_found_when_it_is_named(tmp_path, made):
    found = Pipelines(tmp_path)
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES.format(pipeline="super-resolution"))
    file = RoutesFile(path, found)
    put(tmp_path, made, name="late")

    path.write_text(ROUTES.format(pipeline="classification:late"))

    assert file.current().routes[0].pipelines == ("classification:late",)
    assert file.reload_ok
    assert Versions(found)["classification:late"].startswith("1 ")


def test_what_is_known_stays_as_it_was_first_seen(tmp_path, made):
    put(tmp_path, made, name="net")
    found = Pipelines(tmp_path)
    before = found.card("net")
    put(tmp_path, made, name="net", version="2")
    put(tmp_path, made, name="other")

    assert "classification:other" in found
    assert found.card("net") == before
    assert Pipelines(tmp_path).card("net").version == "2"


def test_the_pipeline_that_is_always_there_says_when_its_model_is_missing(tmp_path):
    found = Pipelines(tmp_path)

    assert list(found) == ["super-resolution"]
    with pytest.raises(CardError, match="no model 'fsrcnn-x2'"):
        found.cards("super-resolution")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("classification:nat", "classification:net"),
        ("segmentation:net", "classification:net"),
        ("super-resolution:net", "classification:net"),
        ("super-resolution:fsrcn-x2", "super-resolution:fsrcnn-x2"),
    ],
)
def test_a_route_that_names_no_model_of_the_task_is_told_which_is_meant(
    tmp_path, made, written, meant
):
    put(tmp_path, made, name="net")
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES.format(pipeline=written))

    with pytest.raises(BadConfigurationError) as caught:
        load_routes(path, Pipelines((tmp_path, packaged_models())))

    assert f"routes.toml:8: routes.0.pipelines: no pipeline '{written}'" in str(caught.value)
    assert str(caught.value).endswith(f"did you mean '{meant}'?")


def test_a_model_in_the_place_of_another_is_whole_at_any_time(tmp_path, made):
    stated, weights = made
    put(tmp_path, made, name="net")

    replace(tmp_path, {**stated, "name": "net", "summary": "Another."}, weights)

    assert find_card(tmp_path, "net").summary == "Another."
    assert not list(tmp_path.glob(".incoming-*"))


def test_a_model_that_cannot_be_put_down_leaves_no_trace(tmp_path, made):
    with pytest.raises(CardError, match="its card: tolerance"):
        put(tmp_path, made, name="net", tolerance={"maximum": -1, "root_mean_square": 1})

    assert not list(tmp_path.iterdir())
