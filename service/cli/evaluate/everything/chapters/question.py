"""Does super-resolution before segmentation and classification help? The paper leaves it open."""

from collections.abc import Iterator, Sequence

from engines.evaluation.bootstrap import Interval
from engines.evaluation.feeding import BICUBIC, PLAIN, peer_of
from engines.evaluation.paired import paired
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.chapters.networks import of_networks
from service.cli.evaluate.everything.chapters.pairs import areas, of_truth, tests
from service.cli.evaluate.everything.measures.classification import Classified
from service.cli.evaluate.everything.measures.segmentation import Segmented
from service.cli.evaluate.everything.tables import (
    Block,
    Cell,
    Column,
    Section,
    Table,
)

TITLE = "Does super-resolution before segmentation and classification help?"

METHOD = f"""\
Jimenez-Gaona 2024 names it as future work. Each row compares the same masses of the same patients
twice: "{PLAIN}" against enlarged first, or bicubic against the network of the same scale, which
says whether what helps is the network or the resampling. Differences are second less first;
intervals by patient; p values two-sided and paired, of Dice image by image and of the probability
that was given to the true class; not corrected for the number of rows."""

Pair = tuple[str, str]


def tell(results: Results) -> Section:
    """Return the chapter."""
    outlined: list[Segmented] = [one.outcome for one in results.of_all(Segmented)]
    told: list[Classified] = [one.outcome for one in results.of_all(Classified)]
    rows = [*_of_masks(outlined), *_of_classes(told)]
    if not rows:
        return Section(TITLE, (METHOD, "Nothing was measured that could answer it."))
    blocks: list[Block] = [METHOD, _table(rows), _answer(rows)]
    return Section(TITLE, (*blocks, *of_networks(outlined, told)))


COLUMNS = (
    Column("network"),
    Column("masses of"),
    Column("masses"),
    Column("figure"),
    Column("first"),
    Column("second"),
    Column("first figure", 3),
    Column("second figure", 3),
    Column("difference (95 %)", 3),
    Column("p, t-test"),
    Column("p, Wilcoxon"),
)

DIFFERENCE = 8


def _table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    title = "The same masses, as they are and enlarged first"
    return Table("question", title, COLUMNS, tuple(rows))


def _pairs(ways: Sequence[str]) -> Iterator[Pair]:
    """Yield what is compared: each network with regions as they are, and with bicubic."""
    for way in ways:
        if way == PLAIN or way.startswith(BICUBIC):
            continue
        yield PLAIN, way
        peer = peer_of(way, ways)
        if peer is not None:
            yield peer, way


def _of_masks(done: Sequence[Segmented]) -> Iterator[tuple[Cell, ...]]:
    for one in done:
        patients = [mass.patient for mass in one.masses]
        for first, second in _pairs(list(one.masses[0].overlaps)):
            before, after = (
                [mass.overlaps[way].dice for mass in one.masses] for way in (first, second)
            )
            found = paired(before, after, patients)
            head = (one.model, one.set, len(one.masses), "mean Dice", first, second)
            yield (*head, found.before.mean, found.after.mean, found.change, *tests(found))


def _of_classes(done: Sequence[Classified]) -> Iterator[tuple[Cell, ...]]:
    for one in done:
        for first, second in _pairs(list(one.masses[0].probabilities)):
            before, after = one.judgements(first), one.judgements(second)
            difference, values = areas(before, after)
            patients = [mass.patient for mass in one.masses]
            found = paired(of_truth(before), of_truth(after), patients)
            head = (one.model, one.set, len(one.masses), "AUC", first, second)
            yield (*head, *values, difference, *tests(found))


def _answer(rows: Sequence[tuple[Cell, ...]]) -> str:
    """Return in words how many comparisons with regions as they are go which way."""
    changes = [row[DIFFERENCE] for row in rows if row[4] == PLAIN]
    found = [change for change in changes if isinstance(change, Interval)]
    better = sum(change.low > 0 for change in found)
    worse = sum(change.high < 0 for change in found)
    return (
        f"Of {len(found)} comparisons with regions as they are, the interval of the difference is "
        f"above zero in {better}, below zero in {worse}, and holds zero in "
        f"{len(found) - better - worse}."
    )
