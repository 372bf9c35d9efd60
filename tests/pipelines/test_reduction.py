"""A whole image on one window and back."""

import numpy as np
import pytest

from pipelines.mammogram.read import Grey
from pipelines.reduction import reduced, restored

SHAPES = [(200, 100), (100, 200), (40, 30), (64, 64)]


def sloping(rows, columns):
    """Return an image that is darkest in one corner and brightest in the other; none is black."""
    down, across = np.mgrid[0:rows, 0:columns]
    pixels = 100 + 3000 * (down / rows + across / columns) / 2
    return Grey(pixels.astype(np.uint16), 12, 1, 0, None)


@pytest.mark.parametrize("shape", [*SHAPES, (1000, 3)])
def test_all_of_the_image_lies_in_its_proportions_in_the_middle_of_black(shape):
    window, place = reduced(sloping(*shape), 64)

    height, width = window[place.down, place.across].shape
    assert (height, width) == tuple(max(1, round(64 * side / max(shape))) for side in shape)
    assert abs(place.down.start - (64 - place.down.stop)) <= 1
    assert abs(place.across.start - (64 - place.across.stop)) <= 1
    outside = np.ones((64, 64), bool)
    outside[place.down, place.across] = False
    assert not window[outside].any()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_darkest_is_0_and_the_brightest_1(shape):
    window, place = reduced(sloping(*shape), 64)

    inside = window[place.down, place.across]
    assert inside[0, 0] == pytest.approx(0, abs=0.06)
    assert inside[-1, -1] == pytest.approx(1, abs=0.06)
    assert inside.min() >= 0
    assert inside.max() <= 1


def test_a_shrunk_pixel_is_the_mean_of_those_it_stands_for():
    chance = np.random.default_rng(0).integers(1, 4096, (256, 256)).astype(np.uint16)
    grey = Grey(chance, 12, 1, 0, None)

    window, _ = reduced(grey, 64)

    low, high = grey.span
    means = chance.reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert window == pytest.approx((means - low) / (high - low), abs=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_found_on_the_window_comes_back_to_its_place(shape):
    grey = sloping(*shape)
    window, place = reduced(grey, 64)

    (found,) = restored(window[np.newaxis], place)

    assert found.shape == shape
    low, high = grey.span
    shown = (grey.pixels - low) / (high - low)
    assert np.abs(found - shown).max() < 0.06


def test_bright_padding_does_not_bleed_into_the_rim():
    image = sloping(200, 200)
    image.pixels[:, 97:] = 4095
    padded = Grey(image.pixels, 12, 1, 0, (4095, 4095))

    window, _ = reduced(padded, 50)

    assert not window[:, 25:].any()
    assert window[:, 24].max() < window[:, 23].max()  # a quarter of it is tissue
