"""The report in words, for those who read no further (TID 4002)."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pydicom import Dataset

from pipelines.results.cad_report.examination import Examination
from pipelines.results.cad_report.terms import BREASTS
from pipelines.results.derived_image import side_of
from pipelines.results.lesions import Reading
from pipelines.results.provenance import DISCLAIMER
from pipelines.results.views import mammographic_view

NEW_LINE = "\r\n"


def in_words(examination: Examination) -> str:
    """Return what was analysed and what was found, a sentence or more on each line."""
    return NEW_LINE.join([DISCLAIMER, *_extent(examination), *_found(examination)])


def _extent(examination: Examination) -> Iterator[str]:
    analysed, failed = examination.analysed, examination.failed
    total = _count(len(examination.readings), "image")
    if not analysed:
        codes = ", ".join(sorted({reading.failure for reading in failed}))
        yield f"Not analysed (code {codes}): none of {total}. There may be findings."
        return
    yield f"{len(analysed)} of {total} analysed."
    for reading in failed:
        yield f"Not analysed (code {reading.failure}): {_named(reading.image, examination)}."
    if examination.was_marked:
        yield "Only regions that were marked beforehand were analysed, nothing else was searched."


def _found(examination: Examination) -> Iterator[str]:
    if not examination.analysed:
        return
    suspicious = sum(lesion.finding.is_suspicious for lesion in examination.lesions)
    if not examination.lesions:
        yield "No findings."
        return
    yield (
        f"{_count(len(examination.lesions), 'finding')} (masses), "
        f"{suspicious} at or above the operating point."
    )
    for side, readings in groupby(examination.readings, lambda one: side_of(one.image)):
        yield from _of_breast(side, list(readings), examination)


def _of_breast(side: str, readings: Sequence[Reading], examination: Examination) -> Iterator[str]:
    """Yield that findings on several images of a breast may be the same lesion."""
    places = [
        f"{_names(reading, examination)} on {_named(reading.image, examination)}"
        for reading in readings
        if reading.findings
    ]
    if side in {"L", "R"} and len(places) > 1:
        yield (
            f"{BREASTS[side].meaning}: findings on {len(places)} images "
            f"({'; '.join(places)}). Whether they are of the same lesion was not determined."
        )


def _names(reading: Reading, examination: Examination) -> str:
    return ", ".join(lesion.identifier for lesion in examination.on(reading.image))


def _named(image: Dataset, examination: Examination) -> str:
    """Return how the text calls an image: its place in the library, its breast and its view."""
    breast = BREASTS.get(side_of(image))
    said = [term.meaning for term in (breast, mammographic_view(image)) if term is not None]
    number = f"image {examination.number(image)}"
    return f"{number} ({', '.join(said)})" if said else number


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
