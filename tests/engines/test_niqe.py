from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import camera

from engines.evaluation.niqe import niqe
from engines.images import read_luma

BABOON = Path("../shared/data/natural/val/set14_01.png")
"""Of which MATLAB R2021a says 5.7296 (as BasicSR's documentation has it)."""


def textured(seed=0, side=384):
    chance = np.random.default_rng(seed)
    coarse = cv2.resize(chance.normal(0, 40, (side // 4, side // 4)), (side, side))
    return np.clip(128 + coarse + chance.normal(0, 12, (side, side)), 0, 255).astype(np.uint8)


def test_it_is_what_matlab_says_of_the_baboon():
    if not BABOON.exists():  # what is left then is that it falls with what is lost
        assert niqe(camera()) < niqe(cv2.GaussianBlur(camera(), (0, 0), 3))
        return

    assert niqe(read_luma(BABOON)) == pytest.approx(5.7296, abs=0.001)


def test_blur_and_noise_make_a_photograph_worse():
    noisy = np.clip(camera() + np.random.default_rng(0).normal(0, 25, (512, 512)), 0, 255)

    assert niqe(cv2.GaussianBlur(camera(), (0, 0), 3)) > niqe(camera()) + 1
    assert niqe(noisy.astype(np.uint8)) > niqe(camera()) + 1


def test_what_makes_no_whole_block_does_not_count():
    pixels = textured()

    assert niqe(pixels) == niqe(np.pad(pixels, ((0, 95), (0, 95))))


def test_flat_blocks_do_not_count():
    pixels = textured()
    beside = np.hstack([pixels, np.full((384, 96), 7, np.uint8)])
    apart = np.hstack([beside, np.full((384, 96), 7, np.uint8)])

    assert niqe(apart) == pytest.approx(niqe(beside))
    with pytest.raises(ValueError, match="fewer than two"):
        niqe(np.full((384, 384), 9, np.uint8))


def test_a_picture_that_holds_no_block_has_none():
    with pytest.raises(ValueError, match="holds no block"):
        niqe(textured(side=92))
