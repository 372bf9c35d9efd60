from itertools import pairwise

import cv2
import numpy as np
import pytest
from answering import Answering, card
from scipy.ndimage import distance_transform_edt

from engines.cad.blobs import blobs
from engines.cad.detection import Limits, candidates
from engines.card import CardError, Chain, Label
from engines.engine import AnswerError
from pipelines.phantom import phantom

MASS = (Label(name="mass"),)
CHAIN = Chain(
    super_resolution="sr",
    segmentation="seg",
    classification="cls",
    least_certainty=0.3,
    most_findings=2,
    suspicious=0.5,
)
EVERYTHING = Limits(0.01, 20)
SEEN = {"is_oblique": False, "limits": EVERYTHING}


def detector(answer, **changes):
    """Return an engine for whole images, 256 x 256, that sees what `answer` makes of a window."""
    stated = {"tile": 256, "chain": CHAIN, **changes}
    made = card("segmentation", stated.pop("labels", MASS), **stated)
    return Answering(made, answer)


def spot(x, y, radius):
    """Return an engine that sees a disc there on its window, whatever it is shown."""
    seen = np.zeros((1, 1, 256, 256), np.float32)
    cv2.circle(seen[0, 0], (x, y), radius, 1, cv2.FILLED)
    return detector(lambda _: seen)


def bright(batch):
    return (batch > 0.9).astype(np.float32)


def discs(*places, shape=(512, 416), grey=100):
    """Return a breast of one shade with discs: x, y, radius, shade."""
    pixels = np.zeros(shape, np.uint16)
    cv2.ellipse(pixels, (0, shape[0] // 2), (360, 240), 0, -90, 90, grey, cv2.FILLED)
    for x, y, radius, shade in places:
        cv2.circle(pixels, (x, y), radius, shade, cv2.FILLED)
    return pixels


def test_every_mass_is_one_candidate_where_it_is():
    places = [(100, 150, 20, 1000), (150, 330, 30, 1000)]

    found = candidates(discs(*places), detector(bright), **SEEN)

    assert len(found) == 2
    by_row = sorted(found, key=lambda one: one.region.top)
    for (x, y, radius, _), one in zip(places, by_row, strict=True):
        assert one.region.centre == pytest.approx((x + 0.5, y + 0.5), abs=2)
        assert one.region.side == pytest.approx(4 * radius, abs=0.3 * radius)


def test_places_are_those_of_the_source_whatever_its_size():
    small = discs((100, 150, 20, 1000))
    large = cv2.resize(small, None, fx=5, fy=5, interpolation=cv2.INTER_NEAREST)

    (few,), (many,) = (candidates(one, detector(bright), **SEEN) for one in (small, large))

    assert np.divide(many.region.centre, 5) == pytest.approx(few.region.centre, abs=0.4)
    assert many.region.side == pytest.approx(5 * few.region.side, abs=5)


def painted(truth):
    """Return the pixels of a phantom with its mass brighter than anything else."""
    pixels = np.rint(truth.pixels * 3000).astype(np.uint16)
    outline = np.rint(truth.mass.outline[:, ::-1]).astype(np.int32)
    return cv2.fillPoly(pixels, [outline], 4095)


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("view", ["LCC", "RMLO"])
def test_the_region_around_the_mass_of_a_phantom_is_twice_as_wide_as_the_mass(view, seed):
    truth = phantom(view, 1024, 832, seed)

    found = candidates(painted(truth), detector(bright), **SEEN)

    low, high = truth.mass.outline.min(axis=0), truth.mass.outline.max(axis=0)
    nearest = min(found, key=lambda one: np.hypot(*(one.region.centre - (low + high)[::-1] / 2)))
    assert nearest.region.centre == pytest.approx((low + high)[::-1] / 2 + 0.5, abs=4)
    assert nearest.region.side == pytest.approx(2 * (high - low).max(), rel=0.25)


def test_the_surest_come_first_and_no_more_than_the_card_allows():
    shades = [(100, 100, 20, 500), (100, 250, 20, 1000), (100, 400, 20, 700)]
    as_bright_as = detector(lambda batch: np.where(batch > 0.3, batch, 0))

    found = candidates(discs(*shades), as_bright_as, is_oblique=False)

    assert [round(one.region.centre[1] / 50) for one in found] == [5, 8]
    assert all(one.certainty >= later.certainty for one, later in pairwise(found))


def test_what_is_less_certain_than_the_limit_is_no_candidate():
    faint = detector(lambda batch: 0.2 * bright(batch))
    pixels = discs((100, 150, 20, 1000))

    assert candidates(pixels, faint, is_oblique=False) == []
    (one,) = candidates(pixels, faint, **SEEN)
    assert one.certainty == pytest.approx(0.2, abs=0.01)


def test_nothing_outside_the_breast_is_a_candidate():
    assert candidates(discs(), spot(215, 20, 8), **SEEN) == []
    assert len(candidates(discs(), spot(90, 128, 8), **SEEN)) == 1


def test_an_empty_image_has_no_candidates():
    everywhere = detector(np.ones_like)

    assert candidates(np.zeros((300, 200), np.uint8), everywhere, **SEEN) == []


def deep_and_near(truth):
    """Return places in the muscle of a phantom, x and y: far from its edge, and just behind it."""
    depth = distance_transform_edt(np.pad(truth.pectoral, 1, mode="edge"))[1:-1, 1:-1]
    deep = np.argwhere(depth > 80)[0]
    near = np.argwhere((depth > 16) & (depth < 20))
    return [(x, y) for y, x in (deep, near[len(near) // 2])]


@pytest.mark.parametrize(("is_oblique", "found"), [(True, (0, 0)), (None, (0, 1)), (False, (1, 1))])
def test_muscle_is_not_searched_and_where_nobody_knows_the_view_only_what_is_surely_muscle(
    is_oblique, found
):
    truth = phantom("LMLO", 1024, 832, 2)
    pixels = np.rint(truth.pixels * 4095).astype(np.uint16)
    margin = (256 - 208) // 2
    spots = [spot(margin + round(x / 4), round(y / 4), 2) for x, y in deep_and_near(truth)]

    every = [
        candidates(pixels, engine, is_oblique=is_oblique, limits=EVERYTHING) for engine in spots
    ]

    assert tuple(map(len, every)) == found


def test_the_smallest_region_is_12_mm_wide():
    (known,) = candidates(discs(), spot(90, 128, 3), spacing=0.1, **SEEN)
    (unknown,) = candidates(discs(), spot(90, 128, 3), **SEEN)

    assert known.region.side == 120
    assert unknown.region.side == 26  # a 20th of 512


def test_the_largest_region_is_half_the_image():
    (one,) = candidates(discs((150, 250, 140, 1000), grey=50), detector(bright), **SEEN)

    assert one.region.side == 256


def test_the_same_pixels_give_the_same_candidates():
    noise = np.random.default_rng(1).integers(0, 400, (512, 416)).astype(np.uint16)
    pixels = discs((100, 150, 20, 1000)) + noise

    first, second = (candidates(pixels, detector(lambda batch: batch), **SEEN) for _ in range(2))

    assert first == second
    assert first


def test_a_detector_with_a_halo_is_shown_a_window_that_it_answers_for():
    haloed = detector(lambda batch: bright(batch)[..., 8:-8, 8:-8], tile=272, halo=8)
    pixels = discs((100, 150, 20, 1000))

    assert candidates(pixels, haloed, **SEEN) == candidates(pixels, detector(bright), **SEEN)


def test_what_is_background_to_a_network_is_no_lesion():
    labels = (Label(name="background"), Label(name="mass"))
    both = detector(lambda b: np.concatenate([1 - bright(b), bright(b)], axis=1), labels=labels)
    pixels = discs((100, 150, 20, 1000))

    assert candidates(pixels, both, **SEEN) == candidates(pixels, detector(bright), **SEEN)


def test_an_answer_of_another_shape_or_of_no_number_is_refused():
    pixels = discs((100, 150, 20, 1000))

    with pytest.raises(AnswerError, match=r"answers \(1, 1, 128, 128\)"):
        candidates(pixels, detector(lambda batch: batch[..., ::2, ::2]), **SEEN)
    with pytest.raises(AnswerError, match="no number"):
        candidates(pixels, detector(lambda batch: batch * np.nan), **SEEN)
    with pytest.raises(AnswerError, match="no label but background"):
        candidates(pixels, detector(bright, labels=[Label(name="background")]), **SEEN)


def test_a_network_without_a_chain_is_no_detector():
    with pytest.raises(CardError, match="no detector"):
        candidates(discs(), detector(bright, chain=None), is_oblique=False)


def hills(*peaks, side=256):
    down, across = np.mgrid[:side, :side]
    every = [
        height * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * width**2))
        for x, y, height, width in peaks
    ]
    return np.max(every, axis=0).astype(np.float32)


def test_two_hills_are_two_blobs_though_one_is_lower_and_near():
    found = blobs(hills((100, 100, 0.9, 12), (150, 100, 0.4, 12)), 0.05)

    assert [round((one.left + one.right) / 20) for one in found] == [10, 15]


def test_a_hill_with_two_summits_is_one_blob():
    assert len(blobs(hills((100, 100, 0.9, 14), (118, 100, 0.85, 14)), 0.05)) == 1


def test_a_plateau_is_one_blob():
    flat = np.zeros((256, 256), np.float32)
    flat[40:200, 50:220] = 1

    (one,) = blobs(flat, 0.05)

    assert (one.left, one.top, one.right, one.bottom) == pytest.approx((50, 40, 220, 200), abs=1)
    assert one.certainty == 1
