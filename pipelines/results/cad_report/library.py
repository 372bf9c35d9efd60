"""The images of a study, with what is known of each (TID 4020)."""

from collections.abc import Iterator

from pydicom import Dataset

from pipelines.kinds import Kind
from pipelines.mammogram.attributes import items
from pipelines.results.cad_report.examination import Examination
from pipelines.results.cad_report.terms import BREASTS, VIEW_MODIFIERS
from pipelines.results.codes import Code, dcm, stated
from pipelines.results.content import (
    HAS_ACQ_CONTEXT,
    HAS_CONCEPT_MOD,
    by_reference,
    coded,
    container,
    date_item,
    image_of,
    measured,
    time_item,
)
from pipelines.results.derived_image import side_of, spacing_of
from pipelines.results.legal import legal
from pipelines.results.measurement_report import oriented
from pipelines.results.views import mammographic_view

ROOT, PLACE = 1, 2
"""The library is the second child of the root."""

MOMENTS = (
    ("StudyDate", date_item, dcm("111060", "Study Date")),
    ("StudyTime", time_item, dcm("111061", "Study Time")),
    ("ContentDate", date_item, dcm("111018", "Content Date")),
    ("ContentTime", time_item, dcm("111019", "Content Time")),
)

MICROMETRE = Code("um", "UCUM", "micrometer")


def library(examination: Examination) -> Dataset:
    """Return the images; no row is mandatory, so what is not known is left out."""
    return container(
        dcm("111028", "Image Library"),
        [
            image_of(image, children=list(_taken(image, examination.form)))
            for image in examination.images
        ],
    )


def listed(relationship: str, image: Dataset, examination: Examination) -> Dataset:
    """Return a relationship to an image of the library."""
    return by_reference(relationship, (ROOT, PLACE, examination.number(image)))


def _taken(image: Dataset, form: Kind) -> Iterator[Dataset]:
    breast = BREASTS.get(side_of(image))
    if breast is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("111027", "Image Laterality"), breast.code(form))
    yield from _view(image, form)
    yield from oriented(image)
    for keyword, item_of_type, concept in MOMENTS:
        if moment := legal(image, keyword):
            yield item_of_type(HAS_ACQ_CONTEXT, concept, moment)
    yield from _spacing(image)


def _view(image: Dataset, form: Kind) -> Iterator[Dataset]:
    view = mammographic_view(image)
    if view is None:
        return
    said = coded(HAS_ACQ_CONTEXT, dcm("111031", "Image View"), view.code(form))
    modifiers = [
        coded(HAS_CONCEPT_MOD, dcm("111032", "Image View Modifier"), modifier.code(form))
        for item in items(image, "ViewCodeSequence")[:1]
        for modifier, _ in stated(item, "ViewModifierCodeSequence", VIEW_MODIFIERS)
    ]
    if modifiers:
        said.ContentSequence = modifiers
    yield said


def _spacing(image: Dataset) -> Iterator[Dataset]:
    spacing = spacing_of(image)
    if spacing:
        rows, columns = (1000 * value for value in spacing)
        for concept, value in (
            (dcm("111026", "Horizontal Pixel Spacing"), columns),
            (dcm("111066", "Vertical Pixel Spacing"), rows),
        ):
            yield measured(HAS_ACQ_CONTEXT, concept, value, MICROMETRE)
