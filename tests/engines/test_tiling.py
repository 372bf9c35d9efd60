import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_of_chance import shelve

from engines.backends.onnxruntime import open_reference
from engines.tiling import enlarge, spans

TOP = 4095


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return open_reference(shelve(tmp_path_factory.mktemp("models")))


def untiled(engine, pixels, low, high, top):
    halo = engine.card.halo
    mirrored = np.pad(pixels, halo, mode="symmetric").astype(np.float64)
    batch = ((mirrored - low) / (high - low)).astype(np.float32)[None, None]
    values = engine(batch)[0, 0]
    return np.clip(values.astype(np.float64) * (high - low) + low, 0, top)


sides = st.integers(1, 100)


@settings(max_examples=30, deadline=None)
@given(rows=sides, columns=sides, seed=st.integers(0, 99))
def test_tiled_equals_untiled_within_rounding(engine, rows, columns, seed):
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, TOP, (rows, columns), np.uint16, endpoint=True)

    tiled = enlarge(engine, pixels, 0, TOP, TOP)

    assert tiled.dtype == np.uint16
    assert np.abs(tiled - untiled(engine, pixels, 0, TOP, TOP)).max() < 0.51


@pytest.mark.parametrize("shape", [(1, 1), (1, 77), (77, 1), (33, 32), (64, 64)])
def test_images_of_any_shape_are_enlarged(engine, shape):
    pixels = np.full(shape, 7, np.uint8)

    tiled = enlarge(engine, pixels, 0, 255, 255)

    assert tiled.shape == (2 * shape[0], 2 * shape[1])
    assert np.abs(tiled - untiled(engine, pixels, 0, 255, 255)).max() < 0.51


def test_a_range_that_does_not_begin_at_zero_is_kept(engine):
    pixels = np.random.default_rng(3).integers(1000, 3000, (50, 60), np.uint16)

    tiled = enlarge(engine, pixels, 1000, 3000, TOP)

    assert np.abs(tiled - untiled(engine, pixels, 1000, 3000, TOP)).max() < 0.51


def test_answers_beyond_the_range_are_clipped(engine):
    pixels = np.random.default_rng(4).integers(0, 255, (40, 40), np.uint8)

    assert enlarge(engine, pixels, 0, 255, 20).max() <= 20


def test_the_image_itself_is_left_alone(engine):
    pixels = np.random.default_rng(5).integers(0, 255, (40, 40), np.uint8)
    before = pixels.copy()

    enlarge(engine, pixels, 0, 255, 255)

    assert (pixels == before).all()


def test_an_empty_range_is_an_error(engine):
    with pytest.raises(ValueError, match="must be above"):
        enlarge(engine, np.zeros((4, 4), np.uint8), 5, 5, 255)


def test_a_type_that_cannot_hold_the_answer_is_an_error(engine):
    with pytest.raises(ValueError, match="uint8 cannot hold 256"):
        enlarge(engine, np.zeros((4, 4), np.uint8), 0, 255, 256)


def test_an_engine_that_does_not_answer_for_the_inside_is_an_error(engine):
    class Whole:
        card, backend = engine.card, "whole"

        def __call__(self, batch):
            return np.repeat(np.repeat(batch, 2, axis=2), 2, axis=3)

    with pytest.raises(ValueError, match=r"whole answers \(96, 96\), not 64 x 64"):
        enlarge(Whole(), np.zeros((4, 4), np.uint8), 0, 255, 255)


@given(length=st.integers(1, 5000), step=st.integers(1, 300), halo=st.integers(0, 20))
def test_windows_answer_for_each_pixel_once_and_see_its_surroundings(length, step, halo):
    window = step + 2 * halo

    found = spans(length, window, halo)

    answered = [place for span in found for place in range(span.start, span.stop)]
    assert answered == list(range(length))
    for span in found:
        assert span.begin + halo <= span.start
        assert span.stop <= span.begin + window - halo
