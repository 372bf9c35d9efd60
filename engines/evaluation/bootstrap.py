"""How far a figure may be from what other patients would have given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

REPEATS = 2000
SEED = 20240213

Case = TypeVar("Case")
Statistic = Callable[[Sequence[Case]], Sequence[float]]
"""From cases to figures, always as many.

Raises:
    ValueError: there are none of these cases.
"""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and where it lies in 95 % of repetitions."""

    value: float
    low: float
    high: float


def intervals(
    cases: Sequence[Case],
    patients: Sequence[str],
    statistic: Statistic[Case],
    repeats: int = REPEATS,
) -> list[Interval]:
    """Return the figures of `cases` with their intervals (percentile bootstrap).

    Patients are drawn anew with all their cases; draws that have no such figures do not count.

    Raises:
        ValueError: `cases` themselves have none.
    """
    values = statistic(cases)
    of_patient: dict[str, list[Case]] = {}
    for case, patient in zip(cases, patients, strict=True):
        of_patient.setdefault(patient, []).append(case)
    groups = list(of_patient.values())
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(repeats):
        again = [case for n in rng.integers(len(groups), size=len(groups)) for case in groups[n]]
        try:
            drawn.append(statistic(again))
        except ValueError:
            continue
    lows, highs = np.percentile(drawn or [values], (2.5, 97.5), axis=0)
    return [
        Interval(float(value), float(low), float(high))
        for value, low, high in zip(values, lows, highs, strict=True)
    ]
