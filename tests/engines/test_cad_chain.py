from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
import pytest
from answering import Answering, brightness, card, classifier
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from engines.cad.chain import Networks, examine, examine_region, shown
from engines.cad.finding import Region
from engines.cad.region import cut
from engines.cad.window import shrunk
from engines.card import CardError, Chain, Label
from engines.engine import AnswerError
from engines.load import open_engine
from engines.shelf import find_card
from pipelines.phantom import phantom
from service.settings import packaged_models

MASS = (Label(name="mass"),)
CLASSES = (Label(name="benign"), Label(name="malignant"))
CHAIN = Chain(
    super_resolution="sr",
    segmentation="seg",
    classification="cls",
    least_certainty=0.3,
    most_findings=4,
    suspicious=0.6,
)


def enlarger(scale=3, tile=128, halo=0):
    """Return an engine that enlarges linearly."""

    def answer(batch):
        size = (scale * tile, scale * tile)
        large = cv2.resize(batch[0, 0], size, interpolation=cv2.INTER_LINEAR)
        edge = slice(scale * halo, scale * (tile - halo))
        return large[edge, edge][None, None]

    return Answering(card("super-resolution", (), scale=scale, tile=tile, halo=halo), answer)


def networks(probability=0.7, segmentation=None, **changes):
    return Networks(
        detector=brightness(0.9, labels=MASS, tile=256, **{"chain": CHAIN, **changes}),
        super_resolution=enlarger(),
        segmentation=segmentation or brightness(0.5, labels=MASS, tile=384),
        classification=classifier(1 - probability, probability, labels=CLASSES, tile=96),
    )


def shaped(answer, side=384, **changes):
    """Return a segmentation network that answers this map, whatever it sees."""
    return Answering(card("segmentation", MASS, tile=side, **changes), lambda _: answer[None, None])


def painted(truth):
    """Return the pixels of a phantom with its mass brighter than anything else."""
    pixels = np.rint(truth.pixels * 1500).astype(np.uint16)
    outline = np.rint(truth.mass.outline[:, ::-1]).astype(np.int32)
    return cv2.fillPoly(pixels, [outline], 4095)


def filled(outline, shape):
    """Return which pixels of an image have their middle within an outline."""
    return polygon2mask(shape, outline[:, ::-1] - 0.5)


def overlap(one, other):
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def middle(mask):
    return np.argwhere(mask).mean(axis=0)[::-1] + 0.5


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("view", ["RCC", "LMLO"])
def test_the_mass_of_a_phantom_comes_back_in_pixels_of_the_source(view, seed):
    truth = phantom(view, 1024, 832, seed)
    pixels = painted(truth)
    drawn = pixels == 4095

    detector = shaped(shrunk(drawn, 256)[0], 256, chain=CHAIN)

    (best,) = examine(
        pixels, replace(networks(), detector=detector), is_oblique=view.endswith("MLO")
    )

    assert overlap(filled(best.outline, drawn.shape), drawn) > 0.95
    assert best.centre == pytest.approx(middle(drawn), abs=0.3)
    assert best.area == pytest.approx(np.count_nonzero(drawn), rel=0.05)


def disc(x, y, radius, shape=(400, 300)):
    down, across = np.indices(shape) + 0.5
    return np.hypot(across - x, down - y) < radius


@settings(deadline=None, max_examples=25)
@given(
    x=st.floats(90, 200),
    y=st.floats(90, 300),
    radius=st.floats(12, 30),
    left=st.integers(-8, 8),
    top=st.integers(-8, 8),
    side=st.integers(100, 170),
)
def test_an_outline_has_no_bias_wherever_the_region_is(x, y, radius, left, top, side):
    drawn = disc(x, y, radius)
    region = Region(round(x - side / 2) + left, round(y - side / 2) + top, side)

    found = examine_region(np.where(drawn, 200, 20).astype(np.uint8), region, None, networks())

    assert found.centre == pytest.approx(middle(drawn), abs=0.25)
    assert overlap(filled(found.outline, drawn.shape), drawn) > 0.93


def test_a_region_that_was_given_has_no_certainty_and_a_candidate_has_the_detectors():
    pixels = painted(phantom("LCC", 512, 416, 1))

    given_one = examine_region(pixels, Region(10, 200, 64), None, networks())
    candidate = examine_region(pixels, Region(10, 200, 64), 0.123456, networks())

    assert given_one.certainty is None
    assert candidate.certainty == 0.1235


@pytest.mark.parametrize(("probability", "is_suspicious"), [(0.59, False), (0.6, True), (1, True)])
def test_a_finding_is_suspicious_from_the_operating_point_of_the_card_on(
    probability, is_suspicious
):
    pixels = painted(phantom("LCC", 512, 416, 1))

    found = examine_region(pixels, Region(10, 200, 64), None, networks(probability))

    assert found.probability == pytest.approx(probability)
    assert found.is_suspicious is is_suspicious


def test_the_part_in_the_middle_is_the_lesion_without_specks_and_holes():
    seen = np.zeros((384, 384), np.float32)
    cv2.circle(seen, (210, 200), 60, 1, cv2.FILLED)
    cv2.circle(seen, (210, 200), 20, 0, cv2.FILLED)  # a hole
    cv2.circle(seen, (192, 192), 3, 1, cv2.FILLED)  # a speck in the middle
    cv2.circle(seen, (60, 330), 50, 1, cv2.FILLED)  # another
    region = Region(0, 0, 384)

    found = examine_region(np.ones((384, 384), np.uint8), region, None, networks(0, shaped(seen)))

    assert found.centre == pytest.approx((210.5, 200.5), abs=0.1)
    assert found.area == pytest.approx(np.pi * 60.5**2, rel=0.02)


def test_a_region_without_an_outline_is_given_a_circle_half_as_wide():
    nothing = shaped(np.zeros((384, 384), np.float32))

    found = examine_region(
        np.ones((400, 300), np.uint8), Region(80, 90, 64), 0.5, networks(0, nothing)
    )

    assert found.centre == pytest.approx((112, 122), abs=0.01)
    assert found.area == pytest.approx(np.pi * 16**2, rel=0.02)


def test_an_outline_ends_with_the_image():
    everything = shaped(np.ones((384, 384), np.float32))

    found = examine_region(
        np.ones((400, 300), np.uint8), Region(-20, 350, 100), 0.5, networks(0, everything)
    )

    assert found.outline.min(axis=0) == pytest.approx((0, 350), abs=0.2)
    assert found.outline.max(axis=0) == pytest.approx((80, 400), abs=0.2)
    assert found.area == pytest.approx(80 * 50, rel=0.01)


def test_a_ragged_outline_has_no_more_than_200_corners_and_none_twice():
    noise = np.random.default_rng(1).random((384, 384), np.float32)
    ragged = cv2.GaussianBlur(noise, (0, 0), 2) * 2 - 0.48

    found = examine_region(
        np.ones((400, 400), np.uint8), Region(0, 0, 400), 0.5, networks(0, shaped(ragged))
    )

    assert 20 < len(found.outline) <= 200
    assert (found.outline != np.roll(found.outline, 1, axis=0)).any(axis=1).all()


def test_what_is_seen_is_shown_to_a_network_in_its_own_size():
    pixels = painted(phantom("LCC", 512, 416, 1))
    region = Region(50, 200, 77)

    usual = examine_region(pixels, region, 0.5, networks())
    smaller = examine_region(
        pixels, region, 0.5, networks(0.7, brightness(0.5, labels=MASS, tile=192))
    )

    assert smaller.centre == pytest.approx(usual.centre, abs=0.5)


def test_the_region_is_enlarged_as_its_network_takes_it():
    pixels = painted(phantom("LCC", 512, 416, 1))
    region = Region(50, 200, 77)

    own, tiled = (
        shown(pixels, region, replace(networks(), super_resolution=engine), networks().segmentation)
        for engine in (enlarger(), enlarger(3, 96, 8))
    )

    assert own.shape == tiled.shape == (384, 384)
    assert own.dtype == np.float32
    assert 0 <= own.min() < own.max() <= 1
    assert np.abs(own - tiled).mean() < 0.01


def test_a_network_of_regions_as_they_are_is_hardly_shown_anything_else_by_enlarging_them_first():
    pixels, region = painted(phantom("LCC", 512, 416, 1)), Region(50, 200, 160)
    enlarging = open_engine(find_card(packaged_models(), "edsr-x3"), "cpu")
    plain = cut(pixels, region, 128)

    with closing(enlarging):
        shades = shown(
            pixels,
            region,
            replace(networks(), super_resolution=enlarging),
            brightness(0.5, labels=MASS, tile=128),
        )

    assert plain.std() > 0.1
    assert np.sqrt(np.mean((shades - plain) ** 2)) < 0.005


def roomed(engine, room):
    """Return an engine whose card says how wide the regions were that it learned from."""
    told = engine.card.input.model_copy(update={"room": room})
    return replace(engine, card=engine.card.model_copy(update={"input": told}))


@pytest.mark.parametrize("room", [1.5, 2.0, 3.0, None])
def test_each_network_is_shown_as_much_around_a_lesion_as_it_learned_from(room):
    seen = []
    drawn = disc(150, 200, 30)
    usual = networks()
    judge = roomed(usual.classification, room)
    watched = replace(judge, answer=lambda batch: (seen.append(batch.copy()), judge(batch))[1])

    found = examine_region(
        np.where(drawn, 200, 20).astype(np.uint8),
        Region(90, 140, 120),
        None,
        replace(usual, segmentation=roomed(usual.segmentation, 1.5), classification=watched),
    )

    (shades,) = seen
    wide = np.sqrt(np.count_nonzero(shades > 0.5) / np.pi) * 2 / 96
    assert wide == pytest.approx(1 / (room or 2), rel=0.03)
    assert found.region == Region(90, 140, 120)
    assert overlap(filled(found.outline, drawn.shape), drawn) > 0.93


def test_a_lesion_at_the_corner_of_a_region_that_hardly_lies_on_the_image_is_given_a_circle():
    usual = networks()

    found = examine_region(
        np.ones((400, 300), np.uint8),
        Region(-95, -95, 100),
        None,
        replace(usual, segmentation=roomed(usual.segmentation, 1.0)),
    )

    assert found.area == pytest.approx(np.pi * 25**2, rel=0.02)


def test_the_same_pixels_give_the_same_findings_to_the_last_bit():
    pixels = painted(phantom("LCC", 1024, 832, 3))

    first, second = (examine(pixels, networks(), is_oblique=False) for _ in range(2))

    assert first
    for one, other in zip(first, second, strict=True):
        assert (one.region, one.certainty, one.probability) == (
            other.region,
            other.certainty,
            other.probability,
        )
        assert one.outline.tobytes() == other.outline.tobytes()


def test_small_noise_of_a_back_end_hardly_changes_a_finding():
    seen = cv2.GaussianBlur(disc(200, 190, 50, (384, 384)).astype(np.float32), (0, 0), 8)
    noise = np.random.default_rng(1).normal(0, 1e-6, seen.shape).astype(np.float32)
    pixels, region = np.ones((384, 384), np.uint8), Region(0, 0, 384)

    one, other = (
        examine_region(pixels, region, 0.5, networks(probability, shaped(answer)))
        for probability, answer in ((0.70001, seen), (0.70002, seen + noise))
    )

    assert one.probability == other.probability
    shape = (384, 384)
    assert overlap(filled(one.outline, shape), filled(other.outline, shape)) > 0.999


def test_a_region_beyond_the_image_is_refused():
    with pytest.raises(ValueError, match="beyond an image"):
        examine_region(np.ones((40, 30), np.uint8), Region(30, 0, 10), None, networks())


def test_answers_that_no_card_promises_are_refused():
    pixels, region = np.ones((40, 30), np.uint8), Region(0, 0, 20)
    usual = networks()
    none = Answering(usual.classification.card, lambda _: np.full((1, 2), np.nan, np.float32))
    three = Answering(usual.classification.card, lambda _: np.zeros((1, 3), np.float32))
    others = classifier(0.5, 0.5, labels=(Label(name="cat"), Label(name="dog")))

    for engine, fault in ((none, "no number"), (three, r"\(1, 3\)"), (others, "no class 'malig")):
        wrong = Networks(usual.detector, usual.super_resolution, usual.segmentation, engine)
        with pytest.raises(AnswerError, match=fault):
            examine_region(pixels, region, None, wrong)
    with pytest.raises(AnswerError, match="no number"):
        examine_region(pixels, region, None, networks(0, shaped(np.full((384, 384), np.nan))))


def test_a_detector_without_a_chain_judges_nothing():
    with pytest.raises(CardError, match="no detector"):
        examine_region(np.ones((40, 30), np.uint8), Region(0, 0, 20), None, networks(chain=None))


@given(
    peak=st.floats(1e-7, 0.5),
    row=st.integers(0, 383),
    column=st.integers(0, 383),
    left=st.integers(-200, 400),
    top=st.integers(-200, 400),
    side=st.integers(16, 300),
)
@settings(max_examples=60, deadline=None)
def test_an_outline_encloses_something_on_the_image_whatever_the_map(
    peak, row, column, left, top, side
):
    seen = np.zeros((384, 384), np.float32)
    seen[row, column] = 0.5 + peak
    pixels = np.arange(256 * 208, dtype=np.uint16).reshape(256, 208)
    region = Region(min(left, 207), min(top, 255), side)
    region = Region(max(region.left, 1 - side), max(region.top, 1 - side), side)

    found = examine_region(pixels, region, None, networks(segmentation=shaped(seen)))

    x, y = found.outline.T
    assert len(found.outline) >= 3
    assert found.area > 0
    assert 0 <= x.min() <= x.max() <= 208
    assert 0 <= y.min() <= y.max() <= 256
