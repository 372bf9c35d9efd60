"""What the report says of quality without a reference."""

from collections.abc import Callable, Iterator, Sequence

from engines.evaluation.paired import Paired, Spread, paired
from engines.evaluation.papers import QUALITY
from service.cli.evaluate.everything.chapter import Results
from service.cli.evaluate.everything.measures.quality import (
    BICUBIC,
    NETWORK,
    ORIGINAL,
    Graded,
    Quality,
)
from service.cli.evaluate.everything.tables import (
    Block,
    Cell,
    Column,
    Section,
    Table,
    probability,
)

TITLE = "Quality before and after (PIQE, NIQE)"

METHOD = """\
Honjo 2022 compares PIQE (0 best, 100 worst) of mammograms before and after super-resolution. A
picture of four times as many pixels is another picture: so bicubic enlargement stands beside the
network, and shows what enlarging alone does to the score. PIQE is of the whole film (Venkatanath
2015, as MATLAB has it), NIQE of the box around the breast (Mittal 2013, the authors' parameters; 0
best; learned from photographs, to which mammograms are strange in any case). p values are
two-sided, of paired differences: t-test, and Wilcoxon's signed ranks. mini-MIAS says of what tissue
a breast is and which kind of abnormality is there; it has neither morphology nor distribution of
calcifications, so the paper's rows for these cannot be filled from it."""

TISSUES = {"F": "fatty", "G": "fatty-glandular", "D": "dense-glandular"}

Group = tuple[str, Callable[[Graded], bool]]


def tell(results: Results) -> Section:
    """Return the chapter."""
    blocks: list[Block] = [METHOD]
    beside = []
    for one in (done.outcome for done in results.of(Quality)):
        blocks += [_table(one, "piqe"), _table(one, "niqe")]
        beside.append(_every_film(one))
    if beside:
        blocks.append(_paper())
    return Section(TITLE, tuple(blocks), tuple(beside))


COLUMNS = (
    Column("films"),
    Column("number"),
    Column("original"),
    Column("bicubic"),
    Column("super-resolved"),
    Column("less original (95 %)"),
    Column("p, t-test"),
    Column("p, Wilcoxon"),
    Column("less bicubic (95 %)"),
    Column("p, t-test, bicubic"),
    Column("p, Wilcoxon, bicubic"),
)


def _table(one: Quality, name: str) -> Table:
    rows = []
    for group, holds in _groups(one.films):
        films = [film for film in one.films if holds(film)]
        if films:
            rows.append(tuple(_row(group, films, name)))
    title = f"{name.upper()} before and after {one.model} ({one.backend}): mean +- SD"
    return Table(f"{name}-{one.model.replace(' ', '-')}", title, COLUMNS, tuple(rows))


def _groups(films: Sequence[Graded]) -> Iterator[Group]:
    """Yield which films count together: all, those of each tissue, those with each finding."""
    yield "all", lambda _: True
    for letter, name in TISSUES.items():
        yield f"tissue: {name}", lambda film, letter=letter: film.tissue == letter  # type: ignore[misc]
    for kind in sorted({kind for film in films for kind in film.findings}):
        yield f"finding: {kind}", lambda film, kind=kind: kind in film.findings  # type: ignore[misc]
    yield "no finding", lambda film: not film.findings


def _row(group: str, films: Sequence[Graded], name: str) -> Iterator[Cell]:
    grades = [getattr(film, name) for film in films]
    patients = [film.patient for film in films]
    original, enlarged, network = (
        [grade[what] for grade in grades] for what in (ORIGINAL, BICUBIC, NETWORK)
    )
    first, second = paired(original, network, patients), paired(enlarged, network, patients)
    yield from (group, len(films))
    yield from (_told(spread) for spread in (first.before, second.before, first.after))
    yield from _tests(first)
    yield from _tests(second)


def _tests(found: Paired) -> Iterator[Cell]:
    yield found.change
    yield from (None if p is None else probability(p) for p in (found.t_test, found.wilcoxon))


def _told(spread: Spread) -> str:
    deviation = "" if spread.deviation is None else f" +- {spread.deviation:.2f}"
    return f"{spread.mean:.2f}{deviation}"


def _every_film(one: Quality) -> Table:
    kinds = (ORIGINAL, BICUBIC, NETWORK)
    columns = [Column(name) for name in ("film", "patient", "tissue", "findings")]
    columns += [Column(f"{name}, {what}", 4) for name in ("PIQE", "NIQE") for what in kinds]
    rows: list[tuple[Cell, ...]] = [
        (
            film.film,
            film.patient,
            film.tissue,
            " ".join(film.findings),
            *(film.piqe[what] for what in kinds),
            *(film.niqe[what] for what in kinds),
        )
        for film in one.films
    ]
    name = f"quality-films-{one.model.replace(' ', '-')}"
    return Table(name, f"PIQE and NIQE of every film, {one.model}", tuple(columns), tuple(rows))


def _paper() -> Table:
    rows = tuple(
        (row.breasts, *(_told(Spread(0, *score)) for score in (row.before, row.after)))
        for row in QUALITY
    )
    return Table(
        "papers-quality",
        "Honjo 2022, Table 3: PIQE of 136 breasts with microcalcifications",
        (Column("breasts"), Column("original"), Column("super-resolved")),
        rows,
        "The paper has no third column, and its test (paired t, p < .001) is of the first two.",
    )
