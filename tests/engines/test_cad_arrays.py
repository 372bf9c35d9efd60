"""Windows, breasts, muscles, tones and regions: exact places, whatever the shades."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.cad.breast import breast, pectoral
from engines.cad.finding import Region
from engines.cad.region import cut, from_image, to_image
from engines.cad.tones import toned
from engines.cad.window import placed, resized, shrunk
from pipelines.phantom.pixels import VIEWS, phantom

SIDE = 256
DTYPES = [np.uint8, np.uint16, np.int32, np.float32, np.float64]


def slopes(rows, columns):
    """Return x and y of the middles of the pixels of an image, in its pixels."""
    down, across = np.indices((rows, columns)) + 0.5
    return across, down


def mammogram(side=SIDE, *, muscle=False, air=0.0, noise=0.0):
    """Return an upright view with the chest wall on the left, and where breast and muscle are."""
    across, down = slopes(side, side)
    inside = np.hypot(across / (0.5 * side), (down - 0.5 * side) / (0.42 * side)) < 1
    arm = (across < 0.2 * side) & (down < 0.5 * side)
    area = inside | arm
    behind = (across / (0.3 * side) + down / (0.55 * side) < 1) & area
    values = np.where(area, 0.35, air)
    if muscle:
        values[behind] = 0.7
    values = values + np.random.default_rng(0).normal(0, noise, values.shape) * (noise > 0)
    return values.clip(0, 1), area, behind


def overlap(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(8, 128))
def test_points_of_a_window_come_back_to_where_they_were(rows, columns, side):
    place = placed((rows, columns), side)
    points = np.array([(0, 0), (columns, rows), (columns / 3, rows / 7)], float)

    there = place.to_window(points)

    assert place.to_image(there) == pytest.approx(points)
    corners = [
        (place.across.start, place.down.start),
        (place.across.stop, place.down.stop),
    ]
    assert there[:2] == pytest.approx(np.array(corners, float))


@pytest.mark.parametrize("shape", [(400, 300), (300, 400), (256, 256), (60, 100), (777, 513)])
def test_a_pixel_of_a_window_shows_the_place_that_it_is_said_to_show(shape):
    across, down = slopes(*shape)

    (x, place), (y, _) = shrunk(across, 100), shrunk(down, 100)

    columns, rows = (np.arange(at.start + 2, at.stop - 2) for at in (place.across, place.down))
    shown = place.to_image(np.stack([columns, np.full(len(columns), 50)], 1) + 0.5)
    assert x[50, columns] == pytest.approx(shown[:, 0], abs=0.02 * place.scale[0])
    shown = place.to_image(np.stack([np.full(len(rows), 50), rows], 1) + 0.5)
    assert y[rows, 50] == pytest.approx(shown[:, 1], abs=0.02 * place.scale[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_window_holds_means_in_the_middle_of_nothing(dtype):
    values = np.random.default_rng(0).integers(0, 200, (64, 32)).astype(dtype)

    window, place = shrunk(values, 32)

    assert window.dtype == np.float32
    means = values.reshape(32, 2, 16, 2).mean(axis=(1, 3))
    assert window[place.down, place.across] == pytest.approx(means, abs=1e-4)
    assert not window[:, : place.across.start].any()
    assert not window[:, place.across.stop :].any()


@pytest.mark.parametrize("scale", [1, 255, 4095, 65535])
@pytest.mark.parametrize(("air", "noise"), [(0.0, 0.0), (0.04, 0.0), (0.05, 0.01)])
def test_the_breast_is_found_on_any_scale_on_film_and_on_flat_black(scale, air, noise):
    values, area, _ = mammogram(air=air, noise=noise)

    found = breast((values * scale).astype(np.float32))

    assert overlap(found, area) > 0.98


def test_labels_scratches_and_the_edge_of_the_film_are_no_breast():
    values, area, _ = mammogram(air=0.04, noise=0.01)
    values[20:50, 200:240] = 1  # a label
    values[:, 253:] = 1  # the edge
    values[1:2] = 1  # a scratch that joins all
    values[130:140, 30:40] = 0  # a hole

    found = breast(values * 255)

    assert overlap(found, area) > 0.98
    assert found[135, 35]


@pytest.mark.parametrize("values", [np.zeros((64, 64)), np.full((64, 64), 7, np.uint8)])
def test_a_flat_image_has_neither_breast_nor_muscle(values):
    area = breast(values)

    assert area.shape == (64, 64)
    assert not area.any()
    assert not pectoral(values, area).any()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [255, 65535])
def test_the_muscle_of_an_oblique_view_is_found_on_either_side(scale, mirrored):
    values, area, behind = mammogram(muscle=True, noise=0.02)
    if mirrored:
        values, area, behind = values[:, ::-1], area[:, ::-1], behind[:, ::-1]

    found = pectoral(values * scale, area)

    assert overlap(found, behind) > 0.93
    assert not (found & ~area).any()


def test_no_muscle_is_found_where_none_is():
    values, area, _ = mammogram(noise=0.02)

    assert not pectoral(values, area).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tones_are_0_to_1_in_the_breast_and_0_around_it(dtype):
    values = (100 * mammogram(noise=0.1)[0]).astype(dtype)
    values[:, -40:] = 120  # as bright as the brightest, but no breast
    area = mammogram()[1]

    tones = toned(values, area)

    assert tones.dtype == np.float32
    assert not tones[~area].any()
    assert (tones[area].min(), tones[area].max()) == (0, 1)
    low, high = np.percentile(values[area], (1, 99.5))
    between = area & (values > low) & (values < high)
    assert tones[between] == pytest.approx((values[between] - low) / (high - low), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.floats(1, 1e4), st.floats(-1e3, 1e3))
def test_exposure_and_offset_leave_tones_as_they_are(gain, offset):
    values, area, _ = mammogram(64, noise=0.1)

    assert toned(gain * values + offset, area) == pytest.approx(toned(values, area), abs=2e-3)


def test_tones_of_nothing_and_of_a_flat_breast_are_0():
    assert not toned(np.ones((8, 8)), np.zeros((8, 8), bool)).any()
    assert not toned(np.ones((8, 8)), np.ones((8, 8), bool)).any()


@settings(max_examples=50, deadline=None)
@given(st.integers(-40, 90), st.integers(-40, 90), st.integers(1, 200), st.integers(1, 400))
def test_points_of_a_region_come_back_to_where_they_were(left, top, side, shown):
    region = Region(left, top, side)
    corners = np.array([(0, 0), (shown, shown)], float)

    there = to_image(corners, region, shown)

    assert there == pytest.approx(np.array([(left, top), (left + side, top + side)], float))
    assert from_image(there, region, shown) == pytest.approx(corners)


@pytest.mark.parametrize("region", [Region(10, 20, 64), Region(40, 5, 150), Region(90, 90, 17)])
@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_pixel_of_a_region_shows_the_place_that_it_is_said_to_show(region, side):
    across, _ = slopes(256, 256)

    shown = cut(across, region, side)

    middles = to_image(np.stack([np.arange(side) + 0.5, np.zeros(side)], 1), region, side)[:, 0]
    inner = slice(side // 8, -side // 8)  # the percentiles clip what is outermost
    slope = np.polyfit(middles[inner], shown[0, inner], 1)
    low, high = np.percentile(resized(across[: region.side, : region.side], (side, side)), (1, 99))
    assert slope[0] == pytest.approx(1 / (high - low), rel=1e-3)
    dark = region.left + low
    assert -slope[1] / slope[0] == pytest.approx(dark, abs=0.02)


def test_a_region_is_of_means_where_it_shrinks_and_of_pixels_where_it_does_not():
    values = np.random.default_rng(0).integers(0, 4096, (80, 80), np.uint16)
    region = Region(8, 4, 64)

    same, half = cut(values, region, 64), cut(values, region, 32)

    inner = values[4:68, 8:72].astype(float)
    for shown, wanted in (
        (same, inner),
        (half, inner.reshape(32, 2, 32, 2).mean(axis=(1, 3))),
    ):
        low, high = np.percentile(wanted, (1, 99))
        assert shown == pytest.approx(((wanted - low) / (high - low)).clip(0, 1), abs=1e-5)


def test_beyond_the_image_its_edge_is_repeated():
    values = np.arange(100, dtype=np.uint8).reshape(10, 10)

    shown = cut(values, Region(-5, -5, 20), 20)

    padded = cv2.copyMakeBorder(values, 5, 5, 5, 5, cv2.BORDER_REPLICATE).astype(np.float32)
    low, high = np.percentile(padded, (1, 99))
    assert shown == pytest.approx(((padded - low) / (high - low)).clip(0, 1), abs=1e-6)


def test_a_flat_region_is_0():
    assert not cut(np.full((20, 20), 9), Region(2, 2, 8), 16).any()


def films(data_dir):
    """Some mammograms of 8 bits, of films and of detectors; where there are none, of phantoms."""
    if data_dir is None:
        return {view: (phantom(view, 512, 416, 1).pixels * 255).astype(np.uint8) for view in VIEWS}
    paths = sorted(data_dir.glob("mammo/mias/images/*.png"))[::16]
    paths += sorted(data_dir.glob("mammo/cesm_low_energy/images/*.jpg"))[::16]
    return {path.name: cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths}


def test_breasts_of_films_and_of_digital_images_are_whole(data_dir):
    found = {name: breast(shrunk(film, SIDE)[0]) for name, film in films(data_dir).items()}

    assert found
    for name, area in found.items():
        assert 0.05 < area.mean() < 0.8, name
        assert cv2.connectedComponents(area.astype(np.uint8))[0] == 2, name
