import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2ycbcr

from engines.images import binned, even, fitting, image_files, luma, read_luma


def test_luma_is_that_of_the_super_resolution_literature():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)

    assert (luma(rgb) == np.rint(rgb2ycbcr(rgb)[..., 0])).all()
    assert luma(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).tolist() == [[16, 235]]


@pytest.mark.parametrize(
    ("block", "mean"), [([1, 1, 1, 2], 1), ([1, 1, 2, 2], 2), ([255] * 4, 255), ([0, 1, 1, 1], 1)]
)
def test_binning_takes_the_mean_and_rounds_halves_up(block, mean):
    assert binned(np.array(block, np.uint8).reshape(2, 2)).tolist() == [[mean]]


@pytest.mark.parametrize(("sum_of_nine", "mean"), [(4, 0), (5, 1), (9 * 255, 255), (13, 1)])
def test_binning_by_three_rounds_the_mean_of_nine(sum_of_nine, mean):
    whole, rest = divmod(sum_of_nine, 9)
    block = np.full(9, whole, np.uint8)
    block[:rest] += 1

    assert binned(block.reshape(3, 3), 3).tolist() == [[mean]]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_each_block_is_binned_by_itself(scale):
    pixels = np.random.default_rng(scale).integers(0, 256, (5 * scale, 7 * scale), np.uint8)
    wanted = [
        [
            np.floor(pixels[r : r + scale, c : c + scale].mean() + 0.5)
            for c in range(0, 7 * scale, scale)
        ]
        for r in range(0, 5 * scale, scale)
    ]

    assert binned(pixels, scale).tolist() == wanted


def test_sides_lose_what_makes_no_whole_block():
    assert fitting(np.zeros((11, 6), np.uint8), 3).shape == (9, 6)


def test_odd_sides_lose_their_last_pixel():
    assert even(np.zeros((7, 4), np.uint8)).shape == (6, 4)


def test_grey_images_are_read_as_they_are_and_coloured_ones_as_luma(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "b.png")
    Image.fromarray(rgb[..., 0]).save(tmp_path / "a.pgm")
    (tmp_path / "c.txt").write_text("no image")

    grey, coloured = (read_luma(path) for path in image_files(tmp_path))

    assert (grey == rgb[..., 0]).all()
    assert (coloured == luma(rgb)).all()
