"""The reference scores are of pypiqe 1.2 (PyPI, MIT), an independent port of MATLAB's piqe.

pypiqe stretches an image to its highest value and mirrors what is missing to whole blocks; MATLAB
and we do neither. So the images compared here are of whole blocks and reach 255.
"""

import cv2
import numpy as np
import pytest
from phantoms import mammogram
from skimage import data

from pipelines.display import picture
from pipelines.quality import piqe as module
from pipelines.quality.piqe import piqe


def stretched(tones):
    return np.rint(255 * (tones / tones.max())).astype(np.uint8)


def noisy(tones, sigma):
    noise = np.random.default_rng(7).normal(0, sigma, tones.shape)
    return np.clip(tones + noise, 0, 255).astype(np.uint8)


def by_the_block(tones):
    """PIQE as its paper reads: float64, one block after another."""
    padded = np.pad(tones, [(0, -side % 16) for side in tones.shape], "edge").astype(np.float64)
    mean, square = (
        cv2.GaussianBlur(values, (7, 7), 7 / 6, borderType=cv2.BORDER_REPLICATE)
        for values in (padded, padded * padded)
    )
    mscn = (padded - mean) / (np.sqrt(np.abs(square - mean * mean)) + 1)
    distortion, active = 0.0, 0
    for row in range(0, len(padded), 16):
        for column in range(0, padded.shape[1], 16):
            block = mscn[row : row + 16, column : column + 16]
            variance = block.var(ddof=1)
            if variance <= 0.1:
                continue
            active += 1
            edges = [block[0], block[-1], block[:, 0], block[:, -1]]
            impaired = any(
                edge[start : start + 6].std(ddof=1) < 0.1 for edge in edges for start in range(11)
            )
            ratio = block[:, [7, 8]].std(ddof=1) / np.delete(block, [7, 9], axis=1).std(ddof=1)
            beta = abs(np.sqrt(variance) - ratio) / max(np.sqrt(variance), ratio)
            distortion += impaired * (1 - variance) + (np.sqrt(variance) > 2 * beta) * variance
    return (distortion + 1) / (active + 1) * 100


@pytest.mark.parametrize(
    ("tones", "score"),
    [
        (data.camera(), 40.1374),
        (noisy(data.camera(), 10), 58.7916),
        (stretched(cv2.GaussianBlur(data.camera(), (0, 0), 1.5)), 64.8955),
        (stretched(data.brick()), 67.3279),
        (stretched(data.grass()), 22.2630),
        (stretched(data.gravel()), 12.0951),
    ],
    ids=["camera", "noisy", "blurred", "brick", "grass", "gravel"],
)
def test_it_scores_like_an_independent_implementation(tones, score):
    assert piqe(tones) == pytest.approx(score, abs=0.001)


@pytest.mark.parametrize("size", [(64, 64), (131, 77), (300, 500)])
def test_it_scores_like_the_paper_block_by_block_whatever_the_size(size):
    tones = data.camera()[: size[0], : size[1]]

    assert piqe(tones) == pytest.approx(by_the_block(tones), abs=0.05)


def test_strips_give_what_the_whole_gives(monkeypatch):
    tones = noisy(cv2.resize(data.camera(), (333, 1000)), 3)

    in_strips = piqe(tones)
    monkeypatch.setattr(module, "STRIP", 1 << 20)

    assert in_strips == pytest.approx(piqe(tones), abs=1e-9)


def test_the_score_is_the_same_each_time():
    tones = picture(mammogram())

    assert piqe(tones) == piqe(tones)


def test_a_flat_picture_has_the_worst_score():
    assert piqe(np.full((64, 64), 90, np.uint8)) == 100


def test_noise_and_blocks_make_a_picture_worse():
    clean = cv2.GaussianBlur(data.camera(), (0, 0), 0.8)
    _, coded = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, 8])

    assert piqe(noisy(clean, 25)) > piqe(clean)
    assert piqe(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)) > piqe(clean)
