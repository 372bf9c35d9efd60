"""From what readers answered, and what is known of the cases, to the tables of the paper."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.results.provenance import DISCLAIMER
from service.errors import BadConfigurationError
from service.ledger.disk import disk_errors
from service.reader_study import agreement, patients, preference, strata
from service.reader_study.answers import Answer, read_answers
from service.reader_study.cases import LISTING, Case, read_cases
from service.reader_study.counts import Counts
from service.reader_study.criteria import CRITERIA
from service.reader_study.rows import read_cells
from service.reader_study.scores import Score, Scored, scores_from
from service.reader_study.session import ANSWERS, SESSION, Session, read_session
from service.reader_study.tables import Table

METHOD = """\
Scores: 1 original strongly preferred, 3 no difference, 5 super-resolved strongly preferred. What
blinded readers answered was turned back to this order. Not readable counts neither for the mean nor
for p. p: Wilcoxon signed-rank test against 3, two-sided; scores of 3 are dropped, the normal
approximation is corrected for ties and for continuity. * p < .05, ** p < .01, *** p < .001; p is
not corrected for the number of rows. Agreement: Cohen's kappa with quadratic weights. PIQE:
standard deviations over n - 1.
"""
NO_KAPPA = "Agreement is left out: it needs scikit-learn (`pip install 'senoscope[train]'`)."

Measure = Callable[[tuple[Path, Path]], Sequence[float]]
"""From the original and the super-resolved picture to the PIQE of both."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One session, and what was answered in it."""

    session: Session
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was given to be analysed; `scores` are single ones from elsewhere."""

    readers: Sequence[Reader] = ()
    scores: Sequence[Score] = ()
    counts: Sequence[Counts] = ()
    cases: Sequence[Case] = ()

    def __add__(self, other: "Gathered") -> "Gathered":
        return Gathered(
            [*self.readers, *other.readers],
            [*self.scores, *other.scores],
            [*self.counts, *other.counts],
            [*self.cases, *other.cases],
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """The tables, and what there is to say about them."""

    tables: Sequence[Table]
    remarks: Sequence[str] = field(default=())

    def markdown(self) -> str:
        """Return the whole report."""
        parts = ["# Reader study", DISCLAIMER, *self.remarks]
        parts += [table.markdown() for table in self.tables if table.said]
        return "\n\n".join([*parts, "## Method", METHOD])

    def write(self, out: Path) -> list[Path]:
        """Write the report and a CSV file for each table; return their paths."""
        texts = {"report.md": self.markdown()}
        texts |= {f"{table.name}.csv": table.csv() for table in self.tables}
        with disk_errors(out):
            out.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (out / name).write_text(text, encoding="utf-8")
        return [out / name for name in texts]


def gather(paths: Iterable[Path]) -> Gathered:
    """Return what lies at `paths`: folders of readers, CSV files of counts or of cases.

    Raises:
        BadConfigurationError: there is nothing, or it cannot be read.
    """
    found = Gathered()
    for path in paths:
        found += _folder(path) if path.is_dir() else _file(path)
    if not (found.readers or found.scores or found.counts or found.cases):
        raise BadConfigurationError("there is nothing to analyse: no answers, counts or cases")
    return found


def measured(cases: Iterable[Case], measure: Measure) -> Iterator[Case]:
    """Yield each case with its PIQE; it is measured where it is not given and pictures are."""
    for case in cases:
        pictures = case.pictures
        if None not in {case.piqe_original, case.piqe_super_resolved} or pictures is None:
            yield case
            continue
        before, after = measure(pictures)
        yield case.model_copy(update={"piqe_original": before, "piqe_super_resolved": after})


def analyse(found: Gathered) -> Analysis:
    """Return the tables that what was gathered allows."""
    answers = _by_name(found)
    tables = [preference.table([*preference.counts_of(answers), *found.counts])]
    remarks = [_progress(one) for one in found.readers]
    if len(answers) > 1 and importlib.util.find_spec("sklearn") is None:
        remarks.append(NO_KAPPA)
    elif len(answers) > 1:
        tables.append(agreement.table(list(agreement.agreements(answers))))
    if found.cases:
        tables.append(strata.table(list(strata.strata(found.cases))))
        tables.append(patients.table(list(patients.lines(found.cases))))
    if found.readers:
        tables.append(_all_answers(found.readers))
    return Analysis([table for table in tables if table.values], remarks)


def _folder(path: Path) -> Gathered:
    sessions = sorted({*path.glob(SESSION), *path.glob(f"*/{SESSION}")})
    listing = path / LISTING
    found = Gathered(cases=read_cases(listing)) if listing.is_file() else Gathered()
    return replace(found, readers=[_reader(one) for one in sessions])


def _reader(session: Path) -> Reader:
    answers = read_answers(session.with_name(ANSWERS))
    return Reader(read_session(session), [answers[key] for key in sorted(answers)])


def _file(path: Path) -> Gathered:
    if path.suffix.lower() == ".toml":
        return Gathered(cases=read_cases(path))
    columns, cells = read_cells(path)
    if "score" in columns:
        return Gathered(scores=scores_from(path, cells))
    if "criterion" in columns:
        return Gathered(counts=preference.counts_from(path, cells))
    return Gathered(cases=read_cases(path))


def _by_name(found: Gathered) -> Mapping[str, Sequence[Scored]]:
    """Return what each reader scored."""
    elsewhere = dict.fromkeys(one.reader for one in found.scores)
    names = [*(one.session.reader for one in found.readers), *elsewhere]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadConfigurationError(f"two readers are called {min(twice)}; analyse them apart")
    told = {name: [one for one in found.scores if one.reader == name] for name in elsewhere}
    return {one.session.reader: one.answers for one in found.readers} | told


def _progress(one: Reader) -> str:
    total = len(one.session.keys) * len(CRITERIA)
    blinded = "blinded" if one.session.blinded else "not blinded"
    return (
        f"Reader {one.session.reader}, {blinded}: {len(one.answers)} of {total} questions "
        f"answered, {len(one.session.keys)} cases."
    )


def _all_answers(readers: Sequence[Reader]) -> Table:
    """Return every answer, for other programs; the report does not print them."""
    fields = ("reader", "case", "criterion", "score", "given", "left", "at")
    values = tuple(
        (
            *(reader.session.reader, one.case, one.criterion, one.score),
            *(one.given, str(one.left), one.at.isoformat()),
        )
        for reader in readers
        for one in reader.answers
    )
    return Table("answers", "", (), (), fields, values)
