"""Networks that were taught differently in one thing, on the same masses."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TypeVar

from engines.evaluation.feeding import PLAIN
from engines.evaluation.paired import paired
from engines.evaluation.taught import NOT_SAID, Taught
from service.cli.evaluate.everything.chapters.pairs import areas, of_truth, tests
from service.cli.evaluate.everything.measures.classification import Classified
from service.cli.evaluate.everything.measures.segmentation import Segmented
from service.cli.evaluate.everything.tables import Block, Cell, Column, Table

COLUMNS = (
    Column("what differs"),
    Column("first network"),
    Column("second network"),
    Column("masses of"),
    Column("masses"),
    Column("figure"),
    Column("first figure", 3),
    Column("second figure", 3),
    Column("difference (95 %)", 3),
    Column("p, t-test"),
    Column("p, Wilcoxon"),
)

WANTED = (
    ("before", "super-resolution before training: `senoscope train resnet50` with `before` set"),
    ("augmentation", 'augmentation: `senoscope train resnet50` with `augmentation = "none"`'),
)

Network = TypeVar("Network", Segmented, Classified)

Rows = list[tuple[Cell, ...]]


def of_networks(outlined: Sequence[Segmented], told: Sequence[Classified]) -> list[Block]:
    """Return the table of networks that differ in one thing, and which such there are not."""
    rows: Rows = [*_of_masks(outlined), *_of_classes(told)]
    blocks: list[Block] = []
    if rows:
        title = "Networks taught differently in one thing, each on regions as it learned them"
        blocks.append(Table("networks", title, COLUMNS, tuple(rows)))
    there = " ".join(str(row[0]) for row in rows)
    lacking = [
        f"- not measured: no two networks on the shelf differ only in {remedy}, its weights with "
        "`split.csv` and `recipe.toml` beside them on the shelf"
        for name, remedy in WANTED
        if name not in there
    ]
    return [*blocks, "\n".join(lacking)] if lacking else blocks


def _of_masks(done: Sequence[Segmented]) -> Iterator[tuple[Cell, ...]]:
    for first, second, what in _alike(done):
        before, after = (
            {mass.name: mass.overlaps[one.own].dice for mass in one.masses}
            for one in (first, second)
        )
        both = [mass for mass in first.masses if mass.name in after]
        if not both:
            continue
        found = paired(
            [before[mass.name] for mass in both],
            [after[mass.name] for mass in both],
            [mass.patient for mass in both],
        )
        head = (what, first.model, second.model, first.set, len(both), "mean Dice")
        yield (*head, found.before.mean, found.after.mean, found.change, *tests(found))


def _of_classes(done: Sequence[Classified]) -> Iterator[tuple[Cell, ...]]:
    for first, second, what in _alike(done):
        there = {one.name: one for one in second.judgements(second.own)}
        before = [one for one in first.judgements(first.own) if one.name in there]
        after = [there[one.name] for one in before]
        if len({one.is_malignant for one in before}) < 2:  # noqa: PLR2004 - both classes
            continue
        difference, values = areas(before, after)
        found = paired(of_truth(before), of_truth(after), [one.patient for one in before])
        head = (what, first.model, second.model, first.set, len(before), "AUC")
        yield (*head, *values, difference, *tests(found))


def _alike(done: Sequence[Network]) -> Iterator[tuple[Network, Network, str]]:
    """Yield the pairs of one architecture and set that differ in one thing, and in what."""
    for first, second in combinations(done, 2):
        differing = list(_differing(first.taught, second.taught))
        is_alike = first.set == second.set and _root(first.model) == _root(second.model)
        if is_alike and len(differing) == 1:
            yield first, second, differing[0]


def _differing(first: Taught, second: Taught) -> Iterator[str]:
    for name in ("before", "augmentation", "split", "room", "side"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other and NOT_SAID not in (one, other):
            yield f"{name}: {one or PLAIN} / {other or PLAIN}"


def _root(model: str) -> str:
    """Return the architecture that a model's name begins with."""
    return model.partition(" ")[0].partition("-")[0]
