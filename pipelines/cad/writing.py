"""The objects that say what was found on a study."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pydicom import Dataset

from engines.card import Card
from pipelines.cad.looking import Looked
from pipelines.display import voi
from pipelines.kinds import CAD_REPORTS, ENLARGED, Kind, Made, in_forms
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Grey
from pipelines.pipeline import Context, Document, Outcome
from pipelines.results.cad_report import cad_report
from pipelines.results.findings_report import findings_report
from pipelines.results.grey_scale import before_reading
from pipelines.results.lesion_segmentation import lesion_segmentation
from pipelines.results.lesions import Lesion, Reading, lesions
from pipelines.results.measurement_report import reports
from pipelines.results.overlay import overlay
from pipelines.results.presentation_state import presentation_state
from pipelines.results.provenance import Origin


@dataclass(frozen=True, slots=True)
class Recipe:
    """The models of an analysis, the detector first, and what else tells it from another."""

    cards: tuple[Card, ...]
    parameters: tuple[str, ...]

    def origin(self, image: Dataset, context: Context) -> Origin:
        """Return the origin of what is made of `image`."""
        return Origin.of(image, self.cards, context, self.parameters)


def outcome(looked: Sequence[Looked], recipe: Recipe, context: Context) -> Outcome:
    """Return the objects of a study; where no image could be analysed, reports that say so."""
    readings = [one.reading for one in looked]
    origin = recipe.origin(readings[0].image, context)
    found = lesions(readings, origin)
    reasons = [
        f"{text(one.reading.image, 'SOPInstanceUID')}: {one.reason}" for one in looked if one.reason
    ]
    if all(reading.failure for reading in readings):
        return Outcome(failure(readings, recipe, context), "failed", reasons[0])
    with context.progress("write"):
        made = [each for one in looked for each in _of_image(one, found, recipe, context)]
        made += reports(context.kinds, partial(findings_report, readings, found, origin))
        made += _cad_reports(readings, found, origin, context, context.predecessors)
    judge = recipe.cards[-1].name
    scores = [(judge, lesion.finding.probability) for lesion in found]
    return Outcome(made, "partly" if reasons else "whole", "; ".join(reasons), scores)


def failure(readings: Sequence[Reading], recipe: Recipe, context: Context) -> list[Made]:
    """Return the reports of a study of which no image could be analysed.

    They take the place of none: the same failure makes the same report, whatever was before.
    """
    origin = recipe.origin(readings[0].image, context)
    return _cad_reports(readings, (), origin, context, ())


def _cad_reports(
    readings: Sequence[Reading],
    found: Sequence[Lesion],
    origin: Origin,
    context: Context,
    predecessors: Sequence[Document],
) -> list[Made]:
    return in_forms(
        CAD_REPORTS,
        context.kinds,
        lambda form: cad_report(readings, found, origin, form, predecessors),
    )


def _of_image(
    looked: Looked, found: Sequence[Lesion], recipe: Recipe, context: Context
) -> Iterator[Made]:
    """Yield the enlarged image, and what shows the lesions of one image, if there are any."""
    yield from looked.enlarged
    image, grey = looked.reading.image, looked.grey
    here = [lesion for lesion in found if lesion.image is image]
    if grey is None or not here:
        return
    origin = recipe.origin(image, context)
    if Kind.SEG in context.kinds:
        yield Made(lesion_segmentation(here, origin), Kind.SEG)
    if Kind.GSPS in context.kinds:
        yield from _states(looked, grey, here, origin)
    if Kind.SC_RGB in context.kinds:
        yield Made(overlay(grey, voi(image, grey), here, origin), Kind.SC_RGB)


def _states(looked: Looked, grey: Grey, here: Sequence[Lesion], origin: Origin) -> Iterator[Made]:
    """Yield the outlines on the source, and on each form of the enlarged image."""
    source, shown = origin.source, voi(origin.source, grey)
    otherwise = before_reading(shown.windows[0], grey) if shown.windows else None
    yield Made(presentation_state(source, here, origin, otherwise), Kind.GSPS)
    for one in looked.enlarged:
        if one.kind in ENLARGED:
            state = presentation_state(one.dataset, here, origin)
            yield Made(state, Kind.GSPS, beside=one.kind)
