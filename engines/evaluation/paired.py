"""Whether a change of the same cases is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from engines.evaluation.bootstrap import Interval, intervals

SAME = 1e-9
"""Differences that differ by less, for their size, are one: what is left is rounding."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some figures: how many, their mean, and their standard deviation (n - 1); none of one."""

    number: int
    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Paired:
    """Figures of the same cases before and after, and what two tests say of their differences.

    `change` is the mean of after less before, with its interval by patient. The p values are
    two-sided: the paired t-test's, and that of Wilcoxon's signed ranks; None where all differences
    are one, or there are fewer than two.
    """

    before: Spread
    after: Spread
    change: Interval
    t_test: float | None
    wilcoxon: float | None


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of some figures.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("nothing was measured: there is no mean")
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(len(values), float(np.mean(values)), deviation)


def paired(before: Sequence[float], after: Sequence[float], patients: Sequence[str]) -> Paired:
    """Return how the figures of the same cases, each of a patient, changed.

    Raises:
        ValueError: there are no cases, or not as many after as before.
    """
    differences = [b - a for a, b in zip(before, after, strict=True)]
    first, last = spread(before), spread(after)
    (change,) = intervals(differences, patients, lambda drawn: [float(np.mean(drawn))])
    if np.ptp(differences) <= SAME * np.max(np.abs(differences)):
        return Paired(first, last, change, None, None)
    t_test = float(stats.ttest_rel(after, before).pvalue)
    wilcoxon = float(stats.wilcoxon(differences).pvalue)
    return Paired(first, last, change, t_test, wilcoxon)
