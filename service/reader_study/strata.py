"""Table 3 of Honjo 2022: PIQE before and after, by density, morphology and distribution."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import ttest_rel

from service.reader_study.cases import Case
from service.reader_study.tables import Table, said_mean, said_p

Split = Literal["density", "morphology", "distribution"]
SPLITS: tuple[Split, ...] = ("density", "morphology", "distribution")
ORDER = (
    *("almost entirely fatty", "fatty", "a", "scattered", "b"),
    *("heterogeneously dense", "c", "extremely dense", "d"),
    *("amorphous", "fine pleomorphic", "coarse heterogeneous", "fine linear"),
    *("diffused", "diffuse", "grouped", "regional", "segmental", "linear"),
)
"""As the paper lists them; what it does not know comes behind, by name."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Some of the cases: mean and standard deviation (n - 1) of PIQE, and the paired t-test."""

    split: str
    value: str
    cases: int
    original: float
    original_deviation: float | None
    super_resolved: float
    super_resolved_deviation: float | None
    p: float | None


def strata(cases: Sequence[Case]) -> Iterator[Stratum]:
    """Yield all cases with both scores, then those of each density, morphology, distribution."""
    scored = [one for one in cases if None not in {one.piqe_original, one.piqe_super_resolved}]
    if scored:
        yield _stratum("all", "", scored)
    for split in SPLITS:
        for value in ordered({str(getattr(one, split)) for one in scored}):
            yield _stratum(split, value, [one for one in scored if getattr(one, split) == value])


def ordered(values: set[str]) -> list[str]:
    """Return the values that are not empty, in the order of the paper."""
    return sorted(values - {""}, key=lambda value: (_place(value), value))


def table(found: Sequence[Stratum]) -> Table:
    """Return the table."""
    return Table(
        "piqe",
        "PIQE, 0 best and 100 worst: mean ± SD",
        ("", "cases", "original", "super-resolved", "p (paired t-test)"),
        tuple(
            (
                one.split if not one.value else f"{one.split}: {one.value}",
                str(one.cases),
                said_mean(one.original, one.original_deviation),
                said_mean(one.super_resolved, one.super_resolved_deviation),
                said_p(one.p),
            )
            for one in found
        ),
        (
            *("split", "value", "cases", "original_mean", "original_sd"),
            *("super_resolved_mean", "super_resolved_sd", "p"),
        ),
        tuple(
            (
                *(one.split, one.value, one.cases, one.original, one.original_deviation),
                *(one.super_resolved, one.super_resolved_deviation, one.p),
            )
            for one in found
        ),
    )


def _place(value: str) -> int:
    known = value.lower()
    return ORDER.index(known) if known in ORDER else len(ORDER)


def _stratum(split: str, value: str, cases: Sequence[Case]) -> Stratum:
    before, after = (
        np.array([getattr(one, name) for one in cases], dtype=np.float64)
        for name in ("piqe_original", "piqe_super_resolved")
    )
    several = len(cases) > 1
    differs = several and np.ptp(after - before) > 0
    return Stratum(
        split,
        value,
        len(cases),
        float(before.mean()),
        float(before.std(ddof=1)) if several else None,
        float(after.mean()),
        float(after.std(ddof=1)) if several else None,
        float(ttest_rel(before, after).pvalue) if differs else None,
    )
