"""PIQE before and after as a Measurement Report (PS3.16 TID 1500)."""

from collections.abc import Iterable

from pydicom import Dataset
from pydicom.uid import UID, Comprehensive3DSRStorage, ExplicitVRLittleEndian

from pipelines.mammogram.attributes import text
from pipelines.results.codes import (
    PRIVATE_SCHEME,
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
    measured,
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

SERIES_NUMBER = 9203
DECIMALS = 3

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
PIQE = Code("PIQE", PRIVATE_SCHEME, "PIQE no-reference quality score")
NO_UNITS = Code("1", "UCUM", "no units")


def quality_report(result: Dataset, before: float, after: float, origin: Origin) -> Dataset:
    """Return the PIQE of the source of `origin` and of the `result` made from it."""
    source = origin.source
    report = Dataset()
    patient_study(source, report)
    _describe(report, origin)
    sign(report, origin)
    report.CurrentRequestedProcedureEvidenceSequence = [_evidence([source, result])]
    report.CodingSchemeIdentificationSequence = [private_scheme()]
    report.ValueType, report.ContinuityOfContent = "CONTAINER", "SEPARATE"
    report.ConceptNameCodeSequence = [item_of(TITLE)]
    report.ContentTemplateSequence = [template_of("1500")]
    report.ContentSequence = list(_content(result, before, after, origin))
    scores = (f"{before:.{DECIMALS}f}", f"{after:.{DECIMALS}f}")
    report.SOPInstanceUID = origin.uid("quality", str(result.SOPInstanceUID), *scores)
    report.file_meta = file_meta(report, ExplicitVRLittleEndian, origin.product.version)
    return report


def _describe(report: Dataset, origin: Origin) -> None:
    report.SOPClassUID = Comprehensive3DSRStorage
    series = text(origin.source, "SeriesInstanceUID")
    report.SeriesInstanceUID = origin.uid("quality-series", series)
    report.Modality, report.SeriesNumber = "SR", SERIES_NUMBER
    report.SeriesDescription = "AI image quality RESEARCH"
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


def _content(result: Dataset, before: float, after: float, origin: Origin) -> Iterable[Dataset]:
    source = origin.source
    is_mammogram = text(source, "Modality") == "MG"
    yield coded(HAS_CONCEPT_MOD, dcm("121049", "Language of Content Item and Descendants"), ENGLISH)
    yield from _observer(origin)
    yield coded(
        HAS_CONCEPT_MOD,
        dcm("121058", "Procedure reported"),
        MAMMOGRAPHY if is_mammogram else IMAGING,
    )
    library = [image_of(image, children=list(_acquisition(source))) for image in (source, result)]
    yield container(
        dcm("111028", "Image Library"), [container(dcm("126200", "Image Library Group"), library)]
    )
    groups = [
        _group(source, "PIQE before", before, origin),
        _group(result, "PIQE after", after, origin),
    ]
    yield container(dcm("126010", "Imaging Measurements"), groups)


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


def _group(image: Dataset, identifier: str, score: float, origin: Origin) -> Dataset:
    """Return TID 1501 for one image."""
    tracking = origin.uid("tracking", text(image, "SOPInstanceUID"))
    return container(
        dcm("125007", "Measurement Group"),
        [
            text_of(HAS_OBS_CONTEXT, dcm("112039", "Tracking Identifier"), identifier),
            uid_of(HAS_OBS_CONTEXT, dcm("112040", "Tracking Unique Identifier"), tracking),
            coded(CONTAINS, dcm("121071", "Finding"), dcm("111101", "Image Quality")),
            text_of(HAS_CONCEPT_MOD, dcm("111001", "Algorithm Name"), "PIQE (Venkatanath 2015)"),
            text_of(HAS_CONCEPT_MOD, dcm("111003", "Algorithm Version"), origin.product.version),
            image_of(image, dcm("121112", "Source of Measurement")),
            measured(CONTAINS, PIQE, round(score, DECIMALS), NO_UNITS),
        ],
    )
