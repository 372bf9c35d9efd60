"""NIQE, how far an image is from natural ones, without a reference (Mittal 2013).

Blocks of 96 x 96 and of its half size are normalised by their local mean and deviation (MSCN); 18
features of each are those of asymmetric generalised Gaussians fitted to the coefficients and to the
products of neighbours. What the features are of pristine images was published with the method
(niqe-notice.txt); 0 would be like them.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import pinvh
from scipy.special import gamma

from engines.images import Grey

Values = NDArray[np.float64]

BLOCK = 96

SIGMA, REACH = 7 / 6, 3
"""The Gaussian window has 7 x 7 pixels."""

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))

SHAPES = np.arange(0.2, 10.001, 0.001)
"""The shapes among which that of a distribution is sought."""

RATIOS = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
"""Of each shape: the squared mean of the absolute over the mean of the square. They rise."""

PRISTINE = Path(__file__).with_name("niqe.npz")

MIRRORED = 4
"""Pixels, of the half size, that are made up beyond an edge before it is halved."""

FEWEST = 2
"""Blocks from which there is a spread of features."""


def niqe(pixels: Grey) -> float:
    """Return the score of a grey picture, 0 best; blocks that are flat do not count.

    Raises:
        ValueError: fewer than two blocks of it are not flat.
    """
    rows, columns = (length // BLOCK * BLOCK for length in pixels.shape)
    whole = pixels[:rows, :columns].astype(np.float32)
    if not whole.size:
        raise ValueError(f"{pixels.shape} holds no block of {BLOCK} x {BLOCK}")
    found = np.hstack([_features(whole, BLOCK), _features(_halved(whole), BLOCK // 2)])
    sound = found[np.isfinite(found).all(axis=1)]
    if len(sound) < FEWEST:
        raise ValueError("fewer than two blocks that are not flat")
    mean, covariance = _pristine()
    apart = mean - sound.mean(axis=0)
    spread = (covariance + np.cov(sound, rowvar=False)) / 2
    return float(np.sqrt(apart @ pinvh(spread) @ apart))


@cache
def _pristine() -> tuple[Values, Values]:
    with np.load(PRISTINE) as kept:
        return kept["mean"], kept["covariance"]


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an image at half its size, by a cubic over 8 pixels; beyond it lies its mirror."""
    wide = np.pad(values, 2 * MIRRORED, mode="symmetric")
    rows, columns = wide.shape
    size = (columns // 2, rows // 2)
    made = np.asarray(Image.fromarray(wide).resize(size, Image.Resampling.BICUBIC))
    return made[MIRRORED:-MIRRORED, MIRRORED:-MIRRORED]


def _features(values: NDArray[np.float32], side: int) -> Values:
    """Return the 18 features of each block."""
    rows, columns = values.shape
    cells = _mscn(values).reshape(rows // side, side, columns // side, side)
    blocks = cells.swapaxes(1, 2).reshape(-1, side, side)
    shape, left, right = _fitted(blocks)
    found = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        shape, left, right = _fitted(blocks * np.roll(blocks, shift, axis=(1, 2)))
        mean = (right - left) * gamma(2 / shape) / gamma(1 / shape)
        found += [shape, mean, left, right]
    return np.stack(found, axis=1)


def _mscn(values: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = _blurred(values)
    deviation = np.sqrt(np.abs(_blurred(values * values) - mean * mean))
    made: NDArray[np.float32] = (values - mean) / (deviation + 1)
    return made


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    size = 2 * REACH + 1
    made: NDArray[np.float32] = cv2.GaussianBlur(
        values, (size, size), SIGMA, borderType=cv2.BORDER_REPLICATE
    )
    return made


def _fitted(blocks: NDArray[np.float32]) -> tuple[Values, Values, Values]:
    """Return shape, left and right scale of what is distributed in each block; nan of a flat one.

    By the moments (Lasmar 2009).
    """
    flat = blocks.reshape(len(blocks), -1)
    squares = flat * flat
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = (_root_mean(squares, side) for side in (flat < 0, flat > 0))
        skew = left / right
        ratio = np.abs(flat).mean(axis=1, dtype=float) ** 2 / squares.mean(axis=1, dtype=float)
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = SHAPES[_nearest(ratio)]
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * scale, right * scale


def _root_mean(squares: NDArray[np.float32], counted: NDArray[np.bool_]) -> Values:
    sums = np.einsum("ij,ij->i", squares, counted, dtype=float)
    made: Values = np.sqrt(sums / counted.sum(axis=1))
    return made


def _nearest(ratios: Values) -> NDArray[np.intp]:
    """Return which of `RATIOS` is nearest to each."""
    above = np.clip(np.searchsorted(RATIOS, ratios), 1, len(RATIOS) - 1)
    is_below = ratios - RATIOS[above - 1] < RATIOS[above] - ratios
    return np.where(is_below, above - 1, above)
