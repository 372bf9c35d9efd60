"""Whether readers agree: weighted kappa (Cohen 1968) of each two, criterion by criterion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from service.reader_study.criteria import CRITERIA, SCORES
from service.reader_study.scores import Scored
from service.reader_study.tables import NOTHING, Table


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two readers on one criterion, over the cases that both could read.

    `kappa` has quadratic weights; it is None where both gave one and the same score throughout.
    """

    criterion: str
    readers: tuple[str, str]
    cases: int
    exact: float
    kappa: float | None


def agreements(answers: Mapping[str, Sequence[Scored]]) -> Iterator[Agreement]:
    """Yield how far each two readers agree on each criterion that both scored.

    Raises:
        ImportError: scikit-learn is not there.
    """
    for criterion in CRITERIA:
        scores = {name: _scores(given, criterion.key) for name, given in answers.items()}
        for first, second in combinations(answers, 2):
            shared = sorted(scores[first].keys() & scores[second].keys())
            if shared:
                ours, theirs = ([scores[name][case] for case in shared] for name in (first, second))
                yield _agreement(criterion.key, (first, second), ours, theirs)


def table(found: Sequence[Agreement]) -> Table:
    """Return the table."""
    names = {one.key: one.name for one in CRITERIA}
    return Table(
        "agreement",
        "Agreement between readers",
        ("criterion", "readers", "cases", "same score", "weighted kappa"),
        tuple(
            (
                names[one.criterion],
                " and ".join(one.readers),
                str(one.cases),
                f"{one.exact:.0%}",
                NOTHING if one.kappa is None else f"{one.kappa:.2f}",
            )
            for one in found
        ),
        ("criterion", "reader_a", "reader_b", "cases", "exact", "kappa_quadratic"),
        tuple((one.criterion, *one.readers, one.cases, one.exact, one.kappa) for one in found),
    )


def _scores(given: Sequence[Scored], criterion: str) -> dict[int, int]:
    return {
        one.case: one.score for one in given if one.criterion == criterion and one.score is not None
    }


def _agreement(
    criterion: str, readers: tuple[str, str], ours: Sequence[int], theirs: Sequence[int]
) -> Agreement:
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415 - an extra

    exact = sum(one == other for one, other in zip(ours, theirs, strict=True)) / len(ours)
    kappa = None
    if len({*ours, *theirs}) > 1:
        kappa = float(cohen_kappa_score(ours, theirs, labels=list(SCORES), weights="quadratic"))
    return Agreement(criterion, readers, len(ours), exact, kappa)
