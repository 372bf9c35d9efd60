from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_of_chance import shelve
from tiled_networks import (
    POOLED,
    engine_of,
    enlarging,
    judging,
    labels,
    pooling,
    untiled,
    with_card,
)

from engines.backends.onnxruntime import open_reference
from engines.engine import AnswerError, UnusableError
from engines.tiling import enlarge, probabilities, spans
from engines.windowed import windowed

TOP = 4095
SCALES = (1, 2, 3, 4)
CLASSES = 2
POOLED_REACH = 16
"""Of the pooling network, at least: 1 + 2 + 4 + 1, and up to 3 + 3 to either side of its grid."""

sides = st.integers(1, 80)
chances = st.integers(0, 99)
few = settings(max_examples=30, deadline=None)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return open_reference(shelve(tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def enlarging_engines(tmp_path_factory):
    folders = {scale: tmp_path_factory.mktemp(f"x{scale}") for scale in SCALES}
    return {
        scale: engine_of(folder, enlarging(scale), scale=scale, halo=2)
        for scale, folder in folders.items()
    }


@pytest.fixture(scope="module")
def pooling_engine(tmp_path_factory):
    stated = {"task": "segmentation", "labels": labels(CLASSES), "grid": POOLED}
    return engine_of(tmp_path_factory.mktemp("pooling"), pooling(CLASSES), **stated)


def image(rows, columns, chance):
    shape = (rows, columns)
    return np.random.default_rng(chance).integers(0, TOP, shape, np.uint16, endpoint=True)


def in_values(answer):
    """Return an untiled answer to an image of 0..TOP as `enlarge` would, but not rounded."""
    return np.clip(answer[0].astype(np.float64) * TOP, 0, TOP)


@few
@given(
    size=st.tuples(sides, sides),
    chance=chances,
    scale=st.sampled_from(SCALES),
    window=st.tuples(st.integers(2, 7), st.integers(1, 40)),
    batch=st.integers(1, 5),
)
def test_tiled_equals_untiled_within_rounding(
    enlarging_engines, size, chance, scale, window, batch
):
    (halo, step), pixels = window, image(*size, chance)
    card = {"halo": halo, "tile": step + 2 * halo, "batch": batch}
    engine = with_card(enlarging_engines[scale], **card)

    tiled = enlarge(engine, pixels, 0, TOP, TOP)

    assert tiled.dtype == np.uint16
    assert np.abs(tiled - in_values(untiled(engine, pixels, 0, TOP))).max() < 0.51


@few
@given(
    size=st.tuples(sides, sides),
    chance=chances,
    more=st.integers(0, 2),
    steps=st.integers(1, 12),
    batch=st.integers(1, 5),
)
def test_a_network_that_pools_sees_its_grid_where_it_would_untiled(
    pooling_engine, size, chance, more, steps, batch
):
    halo, pixels = POOLED_REACH + POOLED * more, image(*size, chance)
    card = {"halo": halo, "tile": POOLED * steps + 2 * halo, "batch": batch}
    engine = with_card(pooling_engine, **card)

    tiled = probabilities(engine, pixels, 0, TOP)

    assert tiled.shape == (CLASSES, *size)
    np.testing.assert_allclose(tiled, untiled(engine, pixels, 0, TOP), atol=1e-5)


def test_off_the_grid_a_network_that_pools_would_answer_something_else(pooling_engine):
    pixels, halo = image(70, 70, 0), POOLED_REACH
    wanted = untiled(with_card(pooling_engine, halo=halo), pixels, 0, TOP)
    card = {"halo": halo, "tile": 2 * halo + 2 * POOLED + 1, "grid": 1}

    @dataclass
    class OffGrid:
        """Answers for windows of odd sides, as long as it is not asked for what is off the end."""

        card: object
        backend = "off the grid"

        def stream(self, batches):
            wider = ((0, 0), (0, 0), (0, 3), (0, 3))
            for batch in batches:
                answer = pooling_engine(np.pad(batch, wider, mode="edge"))
                yield answer[..., halo : -halo - 3, halo : -halo - 3]

    tiled = probabilities(OffGrid(pooling_engine.card.model_copy(update=card)), pixels, 0, TOP)

    assert np.abs(tiled - wanted).max() > 1e-3


@pytest.mark.parametrize("shape", [(1, 1), (1, 77), (77, 1), (33, 32), (64, 64)])
def test_images_of_any_shape_are_enlarged(engine, shape):
    pixels = np.full(shape, 7, np.uint8)

    tiled = enlarge(engine, pixels, 0, 255, 255)

    wanted = np.clip(untiled(engine, pixels, 0, 255)[0] * 255.0, 0, 255)
    assert tiled.shape == (2 * shape[0], 2 * shape[1])
    assert np.abs(tiled - wanted).max() < 0.51


def test_a_range_that_does_not_begin_at_zero_is_kept(engine):
    pixels = np.random.default_rng(3).integers(1000, 3000, (50, 60), np.uint16)

    tiled = enlarge(engine, pixels, 1000, 3000, TOP)

    wanted = np.clip(untiled(engine, pixels, 1000, 3000)[0] * 2000.0 + 1000, 0, TOP)
    assert np.abs(tiled - wanted).max() < 0.51


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


@dataclass
class Changed:
    """An engine whose answers are changed by `change`."""

    engine: object
    change: object
    backend = "changed"

    @property
    def card(self):
        return self.engine.card

    def stream(self, batches):
        return self.change(self.engine.stream(batches))


def test_an_engine_that_does_not_answer_for_the_inside_is_an_error(engine):
    whole = Changed(engine, lambda answers: (np.pad(one, 16)[16:-16, 16:-16] for one in answers))

    with pytest.raises(
        AnswerError, match=r"changed answers \(1, 1, 96, 96\), not \(1, 1, 64, 64\)"
    ):
        enlarge(whole, np.zeros((4, 4), np.uint8), 0, 255, 255)


def test_an_engine_that_leaves_out_a_batch_is_an_error(engine):
    forgetful = Changed(engine, lambda answers: list(answers)[1:])

    with pytest.raises(ValueError, match="shorter"):
        enlarge(forgetful, np.zeros((60, 60), np.uint8), 0, 255, 255)


def test_an_answer_may_be_overwritten_once_the_next_is_asked_for(engine):
    pixels = image(60, 90, 6)

    def overwriting(answers):
        for answer in answers:
            yield answer
            answer[:] = np.nan

    given = enlarge(Changed(engine, overwriting), pixels, 0, TOP, TOP)

    assert (given == enlarge(engine, pixels, 0, TOP, TOP)).all()


def test_batches_may_be_asked_for_ahead_of_the_answers(engine):
    pixels = image(60, 90, 7)

    @dataclass
    class Ahead:
        card = engine.card
        backend = "ahead"

        def stream(self, batches):
            return map(engine, [batch.copy() for batch in batches])

    given = enlarge(Ahead(), pixels, 0, TOP, TOP)

    assert (given == enlarge(engine, pixels, 0, TOP, TOP)).all()


def test_all_batches_have_the_shape_that_the_network_is_compiled_for(engine):
    shapes = []

    @dataclass
    class Noting:
        card = engine.card.model_copy(update={"batch": 4})
        backend = "noting"

        def stream(self, batches):
            for batch in batches:
                shapes.append(batch.shape)
                yield engine(batch)

    enlarge(Noting(), np.zeros((90, 60), np.uint8), 0, 255, 255)

    assert shapes == [(4, 1, 48, 48)] * 2  # 3 x 2 windows


@given(
    length=st.integers(1, 5000),
    steps=st.integers(1, 300),
    halos=st.integers(0, 20),
    grid=st.integers(1, 8),
)
def test_windows_answer_for_each_pixel_once_and_see_its_surroundings(length, steps, halos, grid):
    halo, window = halos * grid, (steps + 2 * halos) * grid

    found = spans(length, window, halo, grid)

    answered = [place for span in found for place in range(span.start, span.stop)]
    assert answered == list(range(length))
    for span in found:
        assert span.begin % grid == 0
        assert span.begin + halo <= span.start
        assert span.stop <= span.begin + window - halo


def test_a_network_for_regions_is_run_on_whole_images_with_the_halo_of_its_graph(pooling_engine):
    pixels = image(75, 90, 8)

    card = windowed(pooling_engine.card, 75)
    tiled = probabilities(with_card(pooling_engine, **dict(card)), pixels, 0, TOP)

    assert (card.tile, card.halo % POOLED, card.grid) == (72, 0, POOLED)
    assert POOLED <= card.halo <= POOLED_REACH
    wide = untiled(with_card(pooling_engine, halo=2 * POOLED_REACH), pixels, 0, TOP)
    np.testing.assert_allclose(tiled, wide, atol=1e-5)


def test_a_window_that_the_halo_leaves_nothing_of_is_refused_and_the_least_is_said(pooling_engine):
    with pytest.raises(UnusableError, match=r"sees \d+ pixels far: windows must be larger than"):
        windowed(pooling_engine.card, 2 * POOLED)


def test_a_network_that_sees_the_whole_image_is_not_tiled(tmp_path):
    stated = {"task": "classification", "labels": labels(3)}
    card = engine_of(tmp_path, judging(), **stated).card

    with pytest.raises(UnusableError, match="sees the whole image"):
        windowed(card, 64)


def test_a_card_of_another_scale_than_its_graph_is_not_tiled(tmp_path):
    card = engine_of(tmp_path, enlarging(3), scale=2).card

    with pytest.raises(UnusableError, match="enlarges 3 times, not 2 times"):
        windowed(card, 64)
