"""PIQE, a measure of quality that needs no reference (Venkatanath 2015).

The image is normalised by its local mean and deviation (MSCN); of its blocks of 16 x 16 the active
ones are judged: one with a flat stretch of 6 pixels on an edge has a noticeable artefact, one whose
centre deviates like its surround has Gaussian noise. Details that the paper leaves open follow
MATLAB's `piqe`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

BLOCK = 16
SEGMENT = 6
SIGMA = 7 / 6
REACH = 3
"""The Gaussian window has 7 x 7 pixels."""
ACTIVITY_THRESHOLD = 0.1
IMPAIRED_THRESHOLD = 0.1
C = 1

CENTRE = [7, 8]
SURROUND = [column for column in range(BLOCK) if column not in {7, 9}]
"""Column 8 counts for both: so it stands in MATLAB, and the published scores are by it."""

STRIP = 8 * BLOCK
"""Rows at a time: the work on a strip stays in the processor's cache."""
THREADS = 2

Blocks = NDArray[np.float32]
"""(blocks, 16, 16), MSCN coefficients."""


def piqe(tones: NDArray[np.uint8]) -> float:
    """Return the score of a picture, 0 best and 100 worst; memory does not grow with its size."""
    with ThreadPoolExecutor(THREADS) as pool:
        sums = list(pool.map(lambda strip: _judged(_mscn_blocks(*strip)), _strips(tones)))
    distortion = sum(distortion for distortion, _ in sums)
    active = sum(active for _, active in sums)
    return float((distortion + C) / (active + C) * 100)


def _strips(tones: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], int, int, int]]:
    """Yield strips with the rows around them, the rows of those above and below, and their own."""
    rows = len(tones)
    for start in range(0, rows, STRIP):
        stop = min(start + STRIP, rows)
        above, below = min(REACH, start), min(REACH, rows - stop)
        yield tones[start - above : stop + below], above, below, stop - start


def _mscn_blocks(strip: NDArray[np.uint8], above: int, below: int, rows: int) -> Blocks:
    """Return the normalised blocks of a strip; what is missing to whole blocks repeats the edge."""
    padding = (-rows % BLOCK, -strip.shape[1] % BLOCK)
    whole = cv2.copyMakeBorder(strip, 0, padding[0], 0, padding[1], cv2.BORDER_REPLICATE)
    values = whole.astype(np.float32) - 128  # keeps squares small, so that float32 suffices
    mean = _gaussian(values)
    deviation = np.sqrt(np.abs(_gaussian(values * values) - mean * mean))
    mscn = ((values - mean) / (deviation + 1))[above : len(whole) - below]
    height, width = mscn.shape
    cells = mscn.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks: Blocks = cells.swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)
    return blocks


def _gaussian(values: NDArray[np.float32]) -> NDArray[np.float32]:
    size = 2 * REACH + 1
    blurred: NDArray[np.float32] = cv2.GaussianBlur(
        values, (size, size), SIGMA, borderType=cv2.BORDER_REPLICATE
    )
    return blurred


def _judged(blocks: Blocks) -> tuple[float, int]:
    """Return the sum of the distortions and the number of the active blocks."""
    variance = blocks.var(axis=(1, 2), ddof=1)
    is_active = variance > ACTIVITY_THRESHOLD
    active, variance = blocks[is_active], variance[is_active].astype(np.float64)
    impaired, noisy = _is_impaired(active), _is_noisy(active, np.sqrt(variance))
    return float(np.sum(impaired * (1 - variance) + noisy * variance)), len(active)


def _is_impaired(blocks: Blocks) -> NDArray[np.bool_]:
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]], axis=1)
    segments = sliding_window_view(edges, SEGMENT, axis=2)
    is_flat = segments.std(axis=3, ddof=1).min(axis=(1, 2)) < IMPAIRED_THRESHOLD
    return np.asarray(is_flat)


def _is_noisy(blocks: Blocks, sigma: NDArray[np.float64]) -> NDArray[np.bool_]:
    centre = blocks[:, :, CENTRE].std(axis=(1, 2), ddof=1)
    surround = blocks[:, :, SURROUND].std(axis=(1, 2), ddof=1)
    ratio = np.divide(centre, surround, out=np.zeros_like(centre), where=surround > 0)
    beta = np.abs(sigma - ratio) / np.maximum(sigma, ratio)
    is_noisy: NDArray[np.bool_] = sigma > 2 * beta
    return is_noisy
