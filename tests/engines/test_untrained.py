import numpy as np
import pytest

from engines.architectures import ARCHITECTURES
from engines.backends.onnxruntime import open_reference
from engines.card import CardError, read_card
from engines.probe import probe
from engines.untrained import untrained_card

FSRCNN = ARCHITECTURES["fsrcnn-x2"]


def test_a_network_of_chance_has_a_card_like_any_model(tmp_path):
    card = untrained_card(ARCHITECTURES["edsr-baseline-x3"], tmp_path)

    assert (card.name, card.scale, card.window) == ("edsr-baseline-x3", 3, (1, 1, 128, 128))
    assert card == read_card(card.folder)
    assert "weights of chance" in card.summary


def test_its_weights_pass_signals_on(tmp_path):
    card = untrained_card(FSRCNN, tmp_path)

    answer = open_reference(card)(probe(card))

    assert 0.05 < answer.std() < 1


def test_it_is_made_once(tmp_path):
    made = untrained_card(FSRCNN, tmp_path)
    written = made.weights.stat().st_mtime_ns

    assert untrained_card(FSRCNN, tmp_path).weights.stat().st_mtime_ns == written


def test_what_was_damaged_is_made_again_with_the_same_weights(tmp_path):
    made = untrained_card(FSRCNN, tmp_path)
    made.weights.write_bytes(b"damaged")

    again = untrained_card(FSRCNN, tmp_path)

    assert again.sha256 == made.sha256
    assert np.isfinite(open_reference(again)(probe(again))).all()
    assert [path.name for path in made.folder.parent.iterdir()] == [made.folder.name]


def test_what_a_killed_process_left_half_made_goes_when_the_next_is_made(tmp_path):
    made = untrained_card(FSRCNN, tmp_path)
    left = made.folder.parent / ".making-killed"
    left.mkdir()
    (left / "weights.onnx").write_bytes(b"half")
    made.weights.write_bytes(b"damaged")

    untrained_card(FSRCNN, tmp_path)

    assert [path.name for path in made.folder.parent.iterdir()] == [made.folder.name]


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")

    with pytest.raises(CardError, match=r"taken.*: (Not a directory|File exists)"):
        untrained_card(FSRCNN, taken)
