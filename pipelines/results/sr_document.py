"""What every structured report says of itself (SR Document General module, PS3.3 C.17.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from pipelines.mammogram.attributes import text
from pipelines.pipeline import Document
from pipelines.results.codes import Code, item_of
from pipelines.results.content import template_of
from pipelines.results.legal import instance_number, patient_study
from pipelines.results.provenance import DISCLAIMER, Origin, file_meta, sign
from pipelines.results.series import Series, file_in

ENGLISH = Code("en", "RFC5646", "English")


@dataclass(frozen=True, slots=True)
class Cited:
    """An instance with the series and the study it is in."""

    study: str
    series: str
    sop_class: str
    instance: str

    @classmethod
    def of(cls, image: Dataset) -> Self:
        """Return what `image` is cited as."""
        keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
        return cls(*(text(image, keyword) for keyword in keywords))

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """Return what `document` is cited as."""
        return cls(
            document.study_instance_uid,
            document.series_instance_uid,
            document.sop_class_uid,
            document.sop_instance_uid,
        )


def sr_document(
    series: Series,
    parts: Sequence[str],
    sop_class: UID,
    evidence: Iterable[Cited],
    origin: Origin,
) -> Dataset:
    """Return a report without content nor UID, in the one of `series` that `parts` say."""
    report = Dataset()
    patient_study(origin.source, report)
    report.SOPClassUID = sop_class
    file_in(series, report, origin, *parts)
    report.Modality = "SR"
    report.InstanceNumber = instance_number(origin.source)
    report.ReferencedPerformedProcedureStepSequence = []
    report.PerformedProcedureCodeSequence = []
    report.CompletionFlag, report.CompletionFlagDescription = "COMPLETE", DISCLAIMER
    report.VerificationFlag, report.PreliminaryFlag = "UNVERIFIED", "PRELIMINARY"
    sign(report, origin)
    report.CurrentRequestedProcedureEvidenceSequence = hierarchy(evidence)
    return report


def fill(report: Dataset, title: Code, template: str, content: Iterable[Dataset]) -> None:
    """Put the root of the tree, by its template of PS3.16, into `report`."""
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [item_of(title)]
    report.ContentTemplateSequence = [template_of(template)]
    report.ContentSequence = list(content)


def finish(report: Dataset, uid: UID, origin: Origin) -> Dataset:
    """Return `report` under its UID, ready to be written."""
    report.SOPInstanceUID = uid
    report.file_meta = file_meta(report, ExplicitVRLittleEndian, origin.product.version)
    return report


def hierarchy(cited: Iterable[Cited]) -> list[Dataset]:
    """Return an item for each study, and in it for each series, of what is cited (C.17.2.1)."""
    tree: dict[str, dict[str, list[Cited]]] = {}
    for one in cited:
        tree.setdefault(one.study, {}).setdefault(one.series, []).append(one)
    return [_study(uid, of_study) for uid, of_study in tree.items()]


def _study(uid: str, of_study: Mapping[str, Sequence[Cited]]) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = UID(uid)
    item.ReferencedSeriesSequence = [_series(*one) for one in of_study.items()]
    return item


def _series(uid: str, of_series: Sequence[Cited]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = UID(uid)
    item.ReferencedSOPSequence = [_instance(one) for one in of_series]
    return item


def _instance(cited: Cited) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(cited.sop_class)
    item.ReferencedSOPInstanceUID = UID(cited.instance)
    return item
