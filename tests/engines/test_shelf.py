from pathlib import Path

import pytest
from networks_of_chance import shelve

from engines.card import CardError, read_card
from engines.shelf import cards, find_card, verify

MODELS = Path(__file__).parents[2] / "models"


def change(card, old, new):
    path = card.folder / "card.toml"
    path.write_text(path.read_text().replace(old, new))


def test_every_shipped_model_is_what_its_card_says():
    shipped = cards(MODELS)

    assert "fsrcnn-x2" in {card.name for card in shipped}
    for card in shipped:
        verify(card)
    assert sum(path.stat().st_size for path in MODELS.glob("*/*/weights.onnx")) < 120e6


def test_a_shipped_model_that_was_trained_by_a_recipe_says_all_that_gives_it_again():
    told = [card for card in cards(MODELS) if card.training.seed is not None]

    assert {"fsrcnn-x2", "fsrcnn-x3", "fsrcnn-x4", "edsr-x2", "unet"} <= {one.name for one in told}
    for card in told:
        assert (card.folder / "recipe.toml").exists()
        assert f"models/{card.name}/{card.version}/recipe.toml" in card.training.command
        assert all((card.training.data, card.training.licence, card.training.limits))
        assert any(one.interval for one in card.measured)


def test_the_newest_version_is_found_unless_another_is_named(tmp_path):
    for version in ("1", "9", "10"):
        shelve(tmp_path, version=version)

    assert find_card(tmp_path, "chance").version == "10"
    assert find_card(tmp_path, "chance", "9").version == "9"


def test_a_model_that_is_not_there_is_named_with_what_is(tmp_path):
    shelve(tmp_path)

    with pytest.raises(CardError, match=r"no model 'fate' in .*; there is chance"):
        find_card(tmp_path, "fate")
    with pytest.raises(CardError, match="no version '2' of model 'chance'; there is 1"):
        find_card(tmp_path, "chance", "2")


def test_altered_weights_are_refused(tmp_path):
    card = shelve(tmp_path)
    card.weights.write_bytes(card.weights.read_bytes() + b"\0")

    with pytest.raises(CardError, match=r"sha256 is .* the card says"):
        verify(card)


def test_missing_weights_are_refused(tmp_path):
    card = shelve(tmp_path)
    card.weights.unlink()

    with pytest.raises(CardError, match="No such file"):
        verify(card)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("halo = 8", "halo = 8\nhallo = 8", "hallo: Extra inputs are not permitted"),
        ("halo = 8", "halo = -8", "halo: Input should be greater than or equal to 0"),
        ("halo = 8", "", "halo: Field required"),
        ("halo = 8", "halo = 24", "halo: leaves nothing of a tile of 48"),
        ("halo = 8", 'halo = 8\nfile = "../weights.onnx"', "file: .*beside the card"),
        ("halo = 8", 'halo = 8\nfolder = "/"', "folder: a card does not say where it lies"),
        ("halo = 8", "halo = ", "is not TOML"),
        ("tile = 48", "tile = 1000000", "tile: Input should be less than or equal to 8192"),
        ("halo = 8", "halo = 8\ngrid = 16", "tile|halo: 8 is no multiple of 16"),
        (
            "halo = 8",
            'halo = 8\nlabels = [{name = "a"}, {name = "a"}]',
            "one stands twice among a, a",
        ),
        ("maximum = 0.1", "maximum = inf", "maximum: Input should be a finite number"),
        ('precisions = ["bf16", "fp32"]', 'precisions = ["fp8"]', "precisions.0: Input should be"),
    ],
)
def test_a_card_that_says_something_wrong_is_told_so(tmp_path, old, new, fault):
    card = shelve(tmp_path)
    change(card, old, new)

    with pytest.raises(CardError, match=fault):
        read_card(card.folder)


def test_a_card_that_lies_in_another_models_folder_is_refused(tmp_path):
    card = shelve(tmp_path)
    change(card, 'name = "chance"', 'name = "fate"')

    with pytest.raises(CardError, match="the card is of fate version 1"):
        find_card(tmp_path, "chance")
