"""The same masses judged twice."""

from collections.abc import Sequence

from engines.evaluation.bootstrap import Interval, intervals
from engines.evaluation.judgements import NAMES, Judgement, quick
from engines.evaluation.paired import Paired
from service.cli.evaluate.everything.tables import probability

AUC = NAMES.index("AUC")


def areas(
    before: Sequence[Judgement], after: Sequence[Judgement]
) -> tuple[Interval, tuple[float, float]]:
    """Return the difference of the areas under the ROC curve, and both."""
    both = list(zip(before, after, strict=True))

    def both_areas(drawn: Sequence[tuple[Judgement, Judgement]]) -> list[float]:
        first, second = (quick(list(one))[AUC] for one in zip(*drawn, strict=True))
        return [second - first, first, second]

    difference, first, second = intervals(both, [one.patient for one in before], both_areas)
    return difference, (first.value, second.value)


def of_truth(judgements: Sequence[Judgement]) -> list[float]:
    """Return the probability that was given to the true class of each."""
    return [one.probability if one.is_malignant else 1 - one.probability for one in judgements]


def tests(found: Paired) -> tuple[str | None, str | None]:
    """Return what both tests say, as papers print it."""
    t_test, wilcoxon = (
        None if p is None else probability(p) for p in (found.t_test, found.wilcoxon)
    )
    return t_test, wilcoxon
