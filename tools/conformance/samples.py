"""Samples of every kind of result, made by the pipelines themselves."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO

from pydicom import Dataset, dcmread

from engines.cad.finding import Region
from pipelines.cad.looking import BROKEN_PIXELS
from pipelines.cad.recipe import Cad
from pipelines.classification import Classification
from pipelines.kinds import Kind, Made
from pipelines.pipeline import Context, Document, Pipeline
from pipelines.segmentation import Segmentation
from pipelines.super_resolution import SuperResolution
from tools.conformance.networks import CHAIN, networks
from tools.conformance.sources import Case, broken, cases

CAD = Cad("cad", "detector", CHAIN, "enlarger")
OF_ONE_IMAGE: tuple[Pipeline, ...] = (
    SuperResolution("super-resolution", "enlarger"),
    Classification("classification:NAME", "classifier"),
    Segmentation("segmentation:NAME", "detector"),
)
SEES_FROM, SEES_NOTHING = 0.9, 2.0
"""From which brightness on the detector sees a mass."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A result, what it was made of, by which pipeline, where."""

    kind: Kind
    dataset: Dataset
    case: Case
    pipeline: str


@cache
def samples() -> Sequence[Sample]:
    """Return results of every pipeline and outcome, as they are read from their own bytes."""
    return [one for case in cases() for one in _of_case(case)]


def _of_case(case: Case) -> Iterator[Sample]:
    context = _context(case, SEES_FROM)
    for pipeline in OF_ONE_IMAGE:
        for image in case.images[:1]:
            yield from _samples(pipeline.run([image], context).made, case, pipeline)
    for images, given in _examinations(case):
        yield from _samples(CAD.run(images, given).made, case, CAD)
    cards = [context.engine_of(name).card for name in CAD.networks]
    given_up = CAD.not_analysed(case.images, cards, BROKEN_PIXELS, context)
    yield from _samples(given_up, case, CAD)


def _examinations(case: Case) -> Iterator[tuple[Sequence[Dataset], Context]]:
    """Yield studies in which something is found, nothing, at a place that was given, or half."""
    seeing, first = _context(case, SEES_FROM), case.images[0]
    failed = CAD.not_analysed(case.images, _cards(seeing), BROKEN_PIXELS, seeing)
    after = replace(seeing, predecessors=[_document(one) for one in failed])
    rows, columns = int(first.Rows), int(first.Columns)
    middle = Region(columns // 4, rows // 4, min(rows, columns) // 2)
    yield case.images, after
    yield case.images, _context(case, SEES_NOTHING)
    yield case.images, replace(seeing, regions={str(first.SOPInstanceUID): [middle]})
    yield [first, *map(broken, case.images[1:])], seeing


def _context(case: Case, sees_from: float) -> Context:
    return Context(
        engine_of=networks(case.version, case.probability, sees_from).__getitem__,
        product=case.product,
        site_key=case.site_key,
        made_at=case.made_at,
        progress=lambda _: nullcontext(),
        kinds=frozenset(Kind),
    )


def _cards(context: Context) -> list[object]:
    return [context.engine_of(name).card for name in CAD.networks]


def _document(made: Made) -> Document:
    report = made.dataset
    return Document(
        made.kind,
        str(report.SOPClassUID),
        str(report.SOPInstanceUID),
        str(report.SeriesInstanceUID),
        str(report.StudyInstanceUID),
    )


def _samples(made: Sequence[Made], case: Case, pipeline: Pipeline) -> Iterator[Sample]:
    for one in made:
        yield Sample(one.kind, _reread(one.dataset), case, pipeline.name)


def _reread(result: Dataset) -> Dataset:
    file = BytesIO()
    result.save_as(file, enforce_file_format=True)
    return dcmread(BytesIO(file.getvalue()))
