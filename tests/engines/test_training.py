import csv

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from engines.images import binned
from engines.training.checkpoint import BEST, LAST, Checkpoint
from engines.training.fsrcnn import Recipe, learning_rate, prepare
from engines.training.outcome import write_outcome
from engines.training.patches import Patches, in_all_sizes, toned, turned

TINY = Recipe(epochs=3, steps=2, batch=2, side=12, rate=1e-2, averaging=0.5)


@pytest.fixture
def data(tmp_path):
    chance = np.random.default_rng(0)
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        for number in range(2):
            small = Image.fromarray(chance.integers(0, 256, (12, 14), np.uint8))
            small.resize((56, 49)).save(tmp_path / part / f"{number}.png")
    return tmp_path


def weights(folder, name=LAST):
    return Checkpoint.load(folder / name).network


def test_patches_are_what_binning_makes_of_them():
    image = np.random.default_rng(0).integers(0, 256, (60, 70), np.uint8)

    pair = Patches([image], side=12).draw(5, np.random.default_rng(1))

    assert (pair.low.shape, pair.high.shape) == ((5, 1, 12, 12), (5, 1, 24, 24))
    assert pair.low.dtype == pair.high.dtype == np.float32
    for low, high in zip(pair.low[:, 0], pair.high[:, 0], strict=True):
        bright = np.rint(high * 255).astype(np.uint8)
        np.testing.assert_allclose(low, binned(bright) / 255, atol=1e-6)


def test_the_same_chance_draws_the_same_patches():
    patches = Patches([np.random.default_rng(0).integers(0, 256, (60, 70), np.uint8)], side=12)

    one, other = (patches.draw(4, np.random.default_rng(7)) for _ in range(2))

    assert (one.high == other.high).all()


def test_images_too_small_for_a_patch_are_not_drawn_from():
    with pytest.raises(ValueError, match="no image is 24 x 24"):
        Patches([np.zeros((23, 90), np.uint8)], side=12)


def test_patches_lie_in_all_eight_ways_and_in_three_tones():
    patch = np.array([[16, 100], [150, 235]], np.uint8)
    chance = np.random.default_rng(0)

    assert len({turned(patch, chance).tobytes() for _ in range(200)}) == 8
    tones = {toned(patch, chance).tobytes() for _ in range(50)}
    assert tones == {patch.tobytes(), (255 - patch).tobytes(), bytes([0, 98, 156, 255])}


def test_images_join_in_five_sizes():
    sizes = [image.shape for image in in_all_sizes([np.zeros((100, 50), np.uint8)])]

    assert sizes == [(100, 50), (90, 45), (80, 40), (70, 35), (60, 30)]


def test_the_learning_rate_rises_over_an_epoch_and_falls_to_the_end():
    rates = [learning_rate(Recipe(epochs=10, steps=50), step) for step in range(500)]

    assert max(rates) == rates[49] == Recipe().rate
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[-1] < Recipe().rate / 1000


def test_a_run_that_was_left_ends_as_if_it_had_not_been(data, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    prepare(TINY, data, whole, resume=False).run(whole, lambda _: None)
    run = prepare(TINY, data, parts, resume=False)

    class LeftError(Exception):
        pass

    def leave(_epoch):
        raise LeftError

    with pytest.raises(LeftError):
        run.run(parts, leave)
    again = prepare(TINY, data, parts, resume=True)
    assert len(again.history) == 1
    again.run(parts, lambda _: None)

    assert all(
        torch.equal(*pair)
        for pair in zip(weights(whole).values(), weights(parts).values(), strict=True)
    )


def test_the_weights_of_the_lowest_validation_loss_are_kept(data, tmp_path):
    out = tmp_path / "out"
    prepare(TINY, data, out, resume=False).run(out, lambda _: None)

    losses = [epoch.validation for epoch in Checkpoint.load(out / LAST).history]
    assert Checkpoint.load(out / BEST).history[-1].validation == min(losses)


def test_a_run_leaves_its_curves_and_weights_that_a_back_end_runs(data, tmp_path):
    out = tmp_path / "out"
    told = []
    prepare(TINY, data, out, resume=False).run(out, told.append)

    session = onnxruntime.InferenceSession(write_outcome(out))

    answer = session.run(None, {"x": np.zeros((1, 1, 9, 8), np.float32)})[0]
    assert answer.shape == (1, 1, 18, 16)
    with (out / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["number"]) for row in rows] == [epoch.number for epoch in told] == [1, 2, 3]
    assert (out / "curves.png").stat().st_size > 1000


def test_a_run_is_not_overwritten_and_nothing_is_not_resumed(data, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(FileNotFoundError, match="nothing to resume"):
        prepare(TINY, data, out, resume=True)
    prepare(TINY, data, out, resume=False).run(out, lambda _: None)

    with pytest.raises(FileExistsError, match="resume it, or choose another folder"):
        prepare(TINY, data, out, resume=False)


def test_missing_images_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no images in .*train"):
        prepare(TINY, tmp_path, tmp_path / "out", resume=False)
