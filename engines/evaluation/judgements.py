"""How well malignant regions are told from benign ones (Jimenez-Gaona 2024, Table 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from engines.evaluation.bootstrap import Interval, intervals

CERTAIN = 0.5
"""From this probability on a region is taken for malignant."""

BINS = 10
"""Of equal width, for calibration."""

INNER_ENDS = np.linspace(0, 1, BINS + 1)[1:-1]

NAMES = ("accuracy", "precision", "sensitivity", "specificity", "F1", "AUC", "Brier", "ECE")

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A region: whose it is, how probably it was said to be malignant, and whether it is."""

    name: str
    patient: str
    probability: float
    is_malignant: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Regions said to be about as probably malignant: how many, what was said, what is so."""

    number: int
    said: float
    so: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many regions of each class were taken for which."""

    true_benign: int
    false_malignant: int
    false_benign: int
    true_malignant: int


def figures(judgements: Sequence[Judgement]) -> list[Interval]:
    """Return the figures in the order of `NAMES`, with intervals by patient.

    Raises:
        ValueError: all are of one class.
    """
    patients = [one.patient for one in judgements]
    exact = established(judgements)
    drawn = intervals(judgements, patients, quick)
    return [Interval(value, one.low, one.high) for value, one in zip(exact, drawn, strict=True)]


def established(judgements: Sequence[Judgement]) -> list[float]:
    """Return the figures as scikit-learn has them; the calibration error it has not.

    Raises:
        ValueError: all are of one class.
    """
    said, so = arrays(judgements)
    _of_both_classes(so)
    given = said >= CERTAIN
    return [
        float(accuracy_score(so, given)),
        float(precision_score(so, given, zero_division=0)),
        float(recall_score(so, given)),
        float(recall_score(so, given, pos_label=False)),
        float(f1_score(so, given, zero_division=0)),
        float(roc_auc_score(so, said)),
        float(brier_score_loss(so, said)),
        calibration_error(said, so),
    ]


def quick(judgements: Sequence[Judgement]) -> list[float]:
    """Return the same figures a hundred times faster, for what is drawn thousands of times.

    Raises:
        ValueError: all are of one class.
    """
    said, so = arrays(judgements)
    _of_both_classes(so)
    given = said >= CERTAIN
    hits, marked, malignant = np.sum(given & so), np.sum(given), np.sum(so)
    rejected, benign = np.sum(~given & ~so), np.sum(~so)
    above = rankdata(said)[so].sum() - malignant * (malignant + 1) / 2
    return [
        float((hits + rejected) / so.size),
        float(hits / marked) if marked else 0.0,
        float(hits / malignant),
        float(rejected / benign),
        float(2 * hits / (marked + malignant)),
        float(above / (malignant * benign)),
        float(np.mean((said - so) ** 2)),
        calibration_error(said, so),
    ]


def calibration_error(said: Values, so: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (Naeini 2015): how far bins are from what is so."""
    place = _places(said)
    sums = np.bincount(place, said - so, minlength=BINS)
    return float(np.abs(sums).sum() / said.size)


def calibration(judgements: Sequence[Judgement]) -> list[Bin]:
    """Return the bins that are not empty, the lowest first."""
    said, so = arrays(judgements)
    place = _places(said)
    return [
        Bin(int(np.sum(here)), float(said[here].mean()), float(so[here].mean()))
        for here in (place == number for number in range(BINS))
        if here.any()
    ]


def confusion(judgements: Sequence[Judgement]) -> Confusion:
    """Return how many of each class were taken for which."""
    said, so = arrays(judgements)
    given = said >= CERTAIN
    return Confusion(
        int(np.sum(~given & ~so)),
        int(np.sum(given & ~so)),
        int(np.sum(~given & so)),
        int(np.sum(given & so)),
    )


def arrays(judgements: Sequence[Judgement]) -> tuple[Values, NDArray[np.bool_]]:
    """Return what was said of each, and what is so."""
    said = np.array([one.probability for one in judgements], float)
    return said, np.array([one.is_malignant for one in judgements], bool)


def _places(said: Values) -> NDArray[np.intp]:
    """Return the bin of each probability: above its lower end, up to its upper one."""
    return np.searchsorted(INNER_ENDS, said)


def _of_both_classes(so: NDArray[np.bool_]) -> None:
    if so.all() or not so.any():
        raise ValueError("all are of one class: there is no area under the curve")
