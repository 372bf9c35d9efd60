"""A Measurement Report (PS3.16 TID 1500) of one image and what was made of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
)

from pipelines.kinds import REPORTS, Kind, Made
from pipelines.mammogram.attributes import text
from pipelines.results.codes import (
    Code,
    dcm,
    item_of,
    mammographic_view,
    private_scheme,
)
from pipelines.results.content import (
    CONTAINS,
    HAS_ACQ_CONTEXT,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    coded,
    container,
    image_of,
    reference,
    template_of,
    text_of,
    uid_of,
)
from pipelines.results.legal import instance_number, legal, patient_orientation, patient_study
from pipelines.results.provenance import (
    DISCLAIMER,
    MANUFACTURER,
    MODEL_NAME,
    Origin,
    file_meta,
    sign,
)

TITLE = dcm("126000", "Imaging Measurement Report")
ENGLISH = Code("en", "RFC5646", "English")
MAMMOGRAPHY = Code("71651007", "SCT", "Mammography")
IMAGING = Code("363679005", "SCT", "Imaging procedure")
LEFT_OR_RIGHT = {
    "L": Code("7771000", "SCT", "Left"),
    "R": Code("24028007", "SCT", "Right"),
    "B": Code("51440002", "SCT", "Right and left"),
    "U": Code("66459002", "SCT", "Unilateral"),
}
"""CID 244."""
ALGORITHM = (
    ("111001", "Algorithm Name"),
    ("111003", "Algorithm Version"),
    ("111002", "Algorithm Parameters"),
)


SOP_CLASSES: Mapping[Kind, UID] = {
    Kind.TID1500: Comprehensive3DSRStorage,
    Kind.TID1500_COMPREHENSIVE: ComprehensiveSRStorage,
    Kind.TID1500_ENHANCED: EnhancedSRStorage,
}
"""What each form of the report is stored as; the content is legal in all of them."""


def reports(
    kinds: Collection[Kind], report: Callable[[Kind], Dataset], beside: Kind | None = None
) -> list[Made]:
    """Return `report` in those of its forms that are among `kinds`."""
    return [Made(report(form), form, beside) for form in REPORTS if form in kinds]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: `name` keys its UIDs, the others are of its series."""

    name: str
    series_number: int
    description: str


@dataclass(frozen=True, slots=True)
class Group:
    """One finding and what was measured of it, on one image (TID 1501).

    `algorithm` is name, version and what else tells which it was, if anything does.
    """

    image: Dataset
    identifier: str
    tracking: Sequence[str]
    finding: Code
    algorithm: Sequence[str]
    measurements: Sequence[Dataset]


def measurement_report(
    subject: Subject,
    results: Sequence[Dataset],
    groups: Sequence[Group],
    origin: Origin,
    outcome: Sequence[str],
    form: Kind,
) -> Dataset:
    """Return the report of `groups`, found on the source of `origin` and on `results` made of it.

    `outcome` is what tells this report from another of the same source.
    """
    images = [origin.source, *results]
    report = Dataset()
    patient_study(origin.source, report)
    report.SOPClassUID = SOP_CLASSES[form]
    _describe(report, subject, origin)
    sign(report, origin)
    report.CurrentRequestedProcedureEvidenceSequence = [_evidence(images)]
    report.CodingSchemeIdentificationSequence = [private_scheme()]
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [item_of(TITLE)]
    report.ContentTemplateSequence = [template_of("1500")]
    report.ContentSequence = list(_content(images, groups, origin))
    report.SOPInstanceUID = origin.uid(subject.name, form, *outcome)
    report.file_meta = file_meta(report, ExplicitVRLittleEndian, origin.product.version)
    return report


def _describe(report: Dataset, subject: Subject, origin: Origin) -> None:
    series = text(origin.source, "SeriesInstanceUID")
    report.SeriesInstanceUID = origin.uid(f"{subject.name}-series", series)
    report.Modality, report.SeriesNumber = "SR", subject.series_number
    report.SeriesDescription = subject.description
    report.InstanceNumber = instance_number(origin.source)
    report.ReferencedPerformedProcedureStepSequence = []
    report.PerformedProcedureCodeSequence = []
    report.CompletionFlag, report.CompletionFlagDescription = "COMPLETE", DISCLAIMER
    report.VerificationFlag, report.PreliminaryFlag = "UNVERIFIED", "PRELIMINARY"


def _evidence(images: Iterable[Dataset]) -> Dataset:
    study = Dataset()
    study.ReferencedSeriesSequence = []
    for image in images:
        series = Dataset()
        series.SeriesInstanceUID = UID(text(image, "SeriesInstanceUID"))
        series.ReferencedSOPSequence = [reference(image)]
        study.ReferencedSeriesSequence.append(series)
        study.StudyInstanceUID = UID(text(image, "StudyInstanceUID"))
    return study


def _content(
    images: Sequence[Dataset], groups: Sequence[Group], origin: Origin
) -> Iterable[Dataset]:
    source = origin.source
    is_mammogram = text(source, "Modality") == "MG"
    yield coded(HAS_CONCEPT_MOD, dcm("121049", "Language of Content Item and Descendants"), ENGLISH)
    yield from _observer(origin)
    yield coded(
        HAS_CONCEPT_MOD,
        dcm("121058", "Procedure reported"),
        MAMMOGRAPHY if is_mammogram else IMAGING,
    )
    library = [
        image_of(image, children=list(_acquisition(source)))
        for image in images
        if text(image, "Modality") != "SEG"
    ]
    yield container(
        dcm("111028", "Image Library"), [container(dcm("126200", "Image Library Group"), library)]
    )
    yield container(
        dcm("126010", "Imaging Measurements"), [_group(group, origin) for group in groups]
    )


def _observer(origin: Origin) -> Iterable[Dataset]:
    """Yield TID 1002 with TID 1004: a device."""
    yield coded(HAS_OBS_CONTEXT, dcm("121005", "Observer Type"), dcm("121007", "Device"))
    device = origin.uid("device", origin.product.device_serial_number)
    yield uid_of(HAS_OBS_CONTEXT, dcm("121012", "Device Observer UID"), device)
    for value, meaning, said in (
        ("121013", "Device Observer Name", origin.product.station_name),
        ("121014", "Device Observer Manufacturer", MANUFACTURER),
        ("121015", "Device Observer Model Name", MODEL_NAME),
        ("121016", "Device Observer Serial Number", origin.product.device_serial_number),
    ):
        yield text_of(HAS_OBS_CONTEXT, dcm(value, meaning), said)


def _acquisition(source: Dataset) -> Iterable[Dataset]:
    """Yield what TID 1602 says of an image: the side and the view, as the source has them."""
    side = LEFT_OR_RIGHT.get(legal(source, "ImageLaterality") or legal(source, "Laterality"))
    if side is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("111027", "Image Laterality"), side)
    view = mammographic_view(source)
    if view is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("111031", "Image View"), view)
    orientation = patient_orientation(source)
    if orientation is not None:
        row, column = orientation
        yield text_of(HAS_ACQ_CONTEXT, dcm("111044", "Patient Orientation Row"), row)
        yield text_of(HAS_ACQ_CONTEXT, dcm("111043", "Patient Orientation Column"), column)


def _group(group: Group, origin: Origin) -> Dataset:
    tracking = origin.uid("tracking", text(group.image, "SOPInstanceUID"), *group.tracking)
    return container(
        dcm("125007", "Measurement Group"),
        [
            text_of(HAS_OBS_CONTEXT, dcm("112039", "Tracking Identifier"), group.identifier),
            uid_of(HAS_OBS_CONTEXT, dcm("112040", "Tracking Unique Identifier"), tracking),
            coded(CONTAINS, dcm("121071", "Finding"), group.finding),
            *_algorithm(group.algorithm),
            image_of(group.image, dcm("121112", "Source of Measurement")),
            *group.measurements,
        ],
    )


def _algorithm(said: Sequence[str]) -> Iterable[Dataset]:
    """Yield TID 4019."""
    for (value, meaning), text_ in zip(ALGORITHM, said, strict=False):
        yield text_of(HAS_CONCEPT_MOD, dcm(value, meaning), text_)
