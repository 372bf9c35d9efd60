"""The report itself: what it is made of, and what it says first."""

from collections.abc import Iterator, Mapping, Sequence

from pydicom import Dataset
from pydicom.uid import UID, MammographyCADSRStorage

from pipelines.kinds import Kind
from pipelines.mammogram.attributes import text
from pipelines.pipeline import Document
from pipelines.results.cad_report.examination import Examination
from pipelines.results.cad_report.findings import identified, impressions
from pipelines.results.cad_report.impression import in_words
from pipelines.results.cad_report.library import library
from pipelines.results.cad_report.performed import analyses, detections
from pipelines.results.codes import dcm
from pipelines.results.content import CONTAINS, HAS_CONCEPT_MOD, HAS_PROPERTIES, coded, text_of
from pipelines.results.lesions import Lesion, Reading
from pipelines.results.outcomes import outcome_of
from pipelines.results.provenance import Origin, digest
from pipelines.results.series import Series
from pipelines.results.sr_document import (
    ENGLISH,
    Cited,
    fill,
    finish,
    hierarchy,
    sr_document,
)

TITLE = dcm("111036", "Mammography CAD Report")
DESCRIPTION = "AI mammography CAD RESEARCH"
SERIES: Mapping[Kind, Series] = {
    Kind.CAD_SR: Series("cad", 9201, DESCRIPTION),
    Kind.CAD_SR_SRT: Series("cad", 9202, DESCRIPTION),
}


def cad_report(
    readings: Sequence[Reading],
    lesions: Sequence[Lesion],
    origin: Origin,
    form: Kind,
    predecessors: Sequence[Document],
) -> Dataset:
    """Return the report of a study, in the codes of `form`.

    Of `predecessors`, reports that it was not analysed, it takes the place of those of its form.
    """
    examination = Examination(readings, lesions, origin, form)
    images = [Cited.of(image) for image in examination.images]
    study = text(origin.source, "StudyInstanceUID")
    report = sr_document(SERIES[form], (form, study), MammographyCADSRStorage, images, origin)
    earlier = [Cited.of_document(one) for one in predecessors if one.kind is form]
    if earlier:
        report.PredecessorDocumentsSequence = hierarchy(earlier)
    fill(report, TITLE, "4000", _content(examination))
    return finish(report, _uid(report, examination, earlier), origin)


def _uid(report: Dataset, examination: Examination, earlier: Sequence[Cited]) -> UID:
    """Return a UID of its own for each outcome: archives keep the first of two under one."""
    sources = sorted(one.instance for one in map(Cited.of, examination.images))
    said = Dataset()
    said.ContentSequence = report.ContentSequence
    outcome = digest(said.to_json().encode())
    replaced = sorted(one.instance for one in earlier)
    return examination.origin.uid("cad", examination.form, *sources, outcome, *replaced)


def _content(examination: Examination) -> Iterator[Dataset]:
    """Yield the rows of TID 4000, which allows no others."""
    yield coded(HAS_CONCEPT_MOD, dcm("121049", "Language of Content Item and Descendants"), ENGLISH)
    yield library(examination)
    yield _summary(examination)
    yield detections(examination)
    yield analyses(examination)


def _summary(examination: Examination) -> Dataset:
    """Return TID 4001: how it went, in a code and in words, and what was found."""
    summary = coded(
        CONTAINS,
        dcm("111017", "CAD Processing and Findings Summary"),
        outcome_of(examination.readings),
    )
    models = (one for card in examination.origin.cards for one in identified(card))
    summary.ContentSequence = [
        text_of(HAS_PROPERTIES, dcm("111033", "Impression Description"), in_words(examination)),
        *models,
        *impressions(examination),
    ]
    return summary
