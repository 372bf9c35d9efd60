"""How near an enlarged image comes to the real one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from engines.images import Grey

Area = NDArray[np.bool_]
"""(rows, columns): which pixels count."""

BORDER = 2
"""Outermost pixels that never count: methods differ there in what they make up."""

TOP = 255


@dataclass(frozen=True, slots=True)
class Score:
    """Of one image: PSNR in dB and SSIM (1 is the same)."""

    psnr: float
    ssim: float


def score(answer: Grey, wanted: Grey, area: Area) -> Score:
    """Return the score of `answer` within `area`, the border of the image left out."""
    return scored(answer, wanted, inner(area))


def scored(answer: Grey, wanted: Grey, counts: Area) -> Score:
    """Return the score of `answer` where `counts` says so.

    SSIM is that of Wang 2004 (Gaussian window, sigma 1.5), its map averaged over the area. PSNR of
    what is the same is infinite.
    """
    with np.errstate(divide="ignore"):
        psnr = peak_signal_noise_ratio(wanted[counts], answer[counts], data_range=TOP)
    _, similarity = structural_similarity(
        wanted,
        answer,
        data_range=TOP,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return Score(float(psnr), float(similarity[counts].mean()))


def inner(area: Area) -> Area:
    """Return `area` without the border of the image."""
    counts = np.zeros_like(area)
    counts[BORDER:-BORDER, BORDER:-BORDER] = area[BORDER:-BORDER, BORDER:-BORDER]
    return counts
