"""Samples of every kind of result, made by the pipelines themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from pydicom import Dataset

from engines.cad.finding import Region
from pipelines.cad.looking import BROKEN_PIXELS
from pipelines.cad.recipe import Cad
from pipelines.classification import Classification
from pipelines.kinds import CAD_REPORTS, ENLARGED, REPORTS, Kind, Made
from pipelines.pipeline import Context, Document, Pipeline
from pipelines.segmentation import Segmentation
from pipelines.super_resolution import SuperResolution
from tools.conformance.networks import CHAIN, networks
from tools.conformance.sources import ELSEWHERE, Case, broken, cases

CAD = Cad("cad", "detector", CHAIN, "enlarger")
OF_ONE_IMAGE: tuple[Pipeline, ...] = (
    SuperResolution("super-resolution", "enlarger"),
    Classification("classification:NAME", "classifier"),
    Segmentation("segmentation:NAME", "detector"),
)
EVERY_KIND = frozenset(Kind)
FIRST_FORMS = EVERY_KIND - {*REPORTS[1:], *CAD_REPORTS[1:]}
CAD_FORMS = FIRST_FORMS - set(ENLARGED)
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
    """Return results of every pipeline, in every outcome and form."""
    return [one for case in cases() for one in _of_case(case)]


def _of_case(case: Case) -> Iterator[Sample]:
    context = _context(case, SEES_FROM, FIRST_FORMS)
    for pipeline in OF_ONE_IMAGE:
        yield from _samples(pipeline.run(case.images[:1], context).made, case, pipeline)
    if case.name == ELSEWHERE:
        return
    for images, given in _examinations(case):
        yield from _samples(CAD.run(images, given).made, case, CAD)
    yield from _samples(_given_up(case), case, CAD)


def _examinations(case: Case) -> Iterator[tuple[Sequence[Dataset], Context]]:
    """Yield a study with places to look at; one of them also in every other outcome."""
    first, images = case.images[0], case.images
    seeing = _context(case, SEES_FROM, FIRST_FORMS)
    marked = {str(one.SOPInstanceUID): [_part(one, 1 + n)] for n, one in enumerate(images)}
    yield images, replace(seeing, regions=marked)
    if case.name == "rich":
        before = [Document.of(one) for one in _given_up(case)]
        yield images, replace(_context(case, SEES_FROM, EVERY_KIND), predecessors=before)
        half, nothing = [first, *map(broken, images[1:])], _context(case, SEES_NOTHING, CAD_FORMS)
        yield images, nothing
        yield half, nothing
        yield half, replace(seeing, kinds=CAD_FORMS)
        yield half, replace(seeing, kinds=CAD_FORMS, regions=marked)
        yield half[1:], replace(seeing, kinds=CAD_FORMS, regions=marked)


def _part(image: Dataset, place: int) -> Region:
    """Return a region in the middle of an image, or the `place`-th of four from the left."""
    rows, columns = int(image.Rows), int(image.Columns)
    return Region(place * columns // 3, rows // 3, columns // 3)


def _context(case: Case, sees_from: float, kinds: frozenset[Kind]) -> Context:
    return Context(
        engine_of=networks(case.version, case.probability, sees_from).__getitem__,
        product=case.product,
        site_key=case.site_key,
        made_at=case.made_at,
        kinds=kinds,
    )


def _given_up(case: Case) -> Sequence[Made]:
    """Return the reports that a study could not be analysed."""
    context = _context(case, SEES_FROM, EVERY_KIND)
    cards = [context.engine_of(name).card for name in CAD.networks]
    return CAD.not_analysed(case.images, cards, BROKEN_PIXELS, context)


def _samples(made: Sequence[Made], case: Case, pipeline: Pipeline) -> Iterator[Sample]:
    for one in made:
        yield Sample(one.kind, one.dataset, case, pipeline.name)
