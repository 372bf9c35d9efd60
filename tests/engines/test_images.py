import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2ycbcr

from engines.images import binned, even, image_files, luma, read_luma


def test_luma_is_that_of_the_super_resolution_literature():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)

    assert (luma(rgb) == np.rint(rgb2ycbcr(rgb)[..., 0])).all()
    assert luma(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).tolist() == [[16, 235]]


@pytest.mark.parametrize(
    ("block", "mean"), [([1, 1, 1, 2], 1), ([1, 1, 2, 2], 2), ([255] * 4, 255), ([0, 1, 1, 1], 1)]
)
def test_binning_takes_the_mean_and_rounds_halves_up(block, mean):
    assert binned(np.array(block, np.uint8).reshape(2, 2)).tolist() == [[mean]]


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
