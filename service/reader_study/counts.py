"""How often each score was given, and whether that is a preference (Honjo 2022, Table 2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from scipy.stats import wilcoxon

from service.reader_study.criteria import NO_DIFFERENCE, SCORES

LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
"""Below which p a row gets how many stars."""
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a reader gave 1, 2, 3, 4 and 5 for a criterion, and none: not readable."""

    criterion: str
    reader: str
    given: tuple[int, ...]
    not_readable: int = 0

    @property
    def scores(self) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Every score, in order."""
        return np.repeat(np.array(SCORES), self.given)

    @property
    def mean(self) -> Decimal | None:
        """To three decimals, halves away from 0; None where there is no score."""
        number = sum(self.given)
        if not number:
            return None
        total = sum(score * count for score, count in zip(SCORES, self.given, strict=True))
        return (Decimal(total) / number).quantize(THOUSANDTH, ROUND_HALF_UP)

    @property
    def p(self) -> float | None:
        """Of Wilcoxon's signed-rank test against 3, two-sided; None where every score is 3.

        Scores of 3 are dropped; the normal approximation is corrected for ties and for continuity.
        That is R's `wilcox.test(scores, mu = 3)` where there are ties, and gives the published p.
        """
        differences = self.scores - NO_DIFFERENCE
        if not differences.any():
            return None
        told = wilcoxon(differences, zero_method="wilcox", correction=True, method="asymptotic")
        return float(told.pvalue)

    @property
    def stars(self) -> str:
        """``*`` where p < .05, ``**`` where p < .01, ``***`` where p < .001."""
        return stars_of(self.p)


def stars_of(p: float | None) -> str:
    """Return how many stars a p deserves, none where there is no p."""
    return next((stars for level, stars in LEVELS if p is not None and p < level), "")


def counted(criterion: str, reader: str, scores: Iterable[int | None]) -> Counts:
    """Return how often each score is among `scores`; None stands for not readable."""
    found: Mapping[int | None, int] = _tally(scores)
    given = tuple(found.get(score, 0) for score in SCORES)
    return Counts(criterion, reader, given, found.get(None, 0))


def _tally(scores: Iterable[int | None]) -> dict[int | None, int]:
    found: dict[int | None, int] = {}
    for score in scores:
        found[score] = found.get(score, 0) + 1
    return found
