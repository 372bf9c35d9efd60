"""How well masks and probabilities agree with the truth."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

Judged = tuple[float, bool]
"""How probable something was said to be, and whether it is so."""


def dice(answer: Mask, wanted: Mask) -> float:
    """Return how well two masks agree, 0..1: twice what they share over what they hold."""
    held = np.count_nonzero(answer) + np.count_nonzero(wanted)
    return 2 * np.count_nonzero(answer & wanted) / held if held else 1.0


def area_under_roc(judged: Sequence[Judged]) -> float:
    """Return how often what is so was said to be more probable than what is not; ties count half.

    Raises:
        ValueError: all are so, or none is.
    """
    so = np.array([said for said, truth in judged if truth])
    not_so = np.array([said for said, truth in judged if not truth])
    if not so.size or not not_so.size:
        raise ValueError("there is no area where all are of one class")
    above, same = so[:, None] > not_so, so[:, None] == not_so
    return float(above.mean() + same.mean() / 2)
