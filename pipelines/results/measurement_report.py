"""A Measurement Report (PS3.16 TID 1500): of one image and what was made of it, or of a study."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
)

from pipelines.kinds import REPORTS, Kind, Made, in_forms
from pipelines.mammogram.attributes import text
from pipelines.results.codes import LEFT_OR_RIGHT, Code, dcm, private_scheme
from pipelines.results.content import (
    CONTAINS,
    HAS_ACQ_CONTEXT,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    coded,
    container,
    image_of,
    text_of,
    uid_of,
)
from pipelines.results.derived_image import side_of
from pipelines.results.legal import patient_orientation
from pipelines.results.provenance import MANUFACTURER, MODEL_NAME, Origin
from pipelines.results.series import Series
from pipelines.results.sr_document import ENGLISH, Cited, fill, finish, sr_document
from pipelines.results.views import mammographic_view

TITLE = dcm("126000", "Imaging Measurement Report")
MAMMOGRAPHY = Code("71651007", "SCT", "Mammography")
IMAGING = Code("363679005", "SCT", "Imaging procedure")
MODALITIES = {
    "CR": dcm("CR", "Computed Radiography"),
    "CT": dcm("CT", "Computed Tomography"),
    "DX": dcm("DX", "Digital Radiography"),
    "MG": dcm("MG", "Mammography"),
    "MR": dcm("MR", "Magnetic Resonance"),
}
"""Those of CID 29 that we see; what an image was made into later is no acquisition."""
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
    return in_forms(REPORTS, kinds, report, beside)


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """An image in the library, and the one that says how it was taken: itself or its source."""

    image: Dataset
    taken_as: Dataset


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
    series: Series,
    results: Sequence[Dataset],
    groups: Sequence[Group],
    origin: Origin,
    outcome: Sequence[str],
    form: Kind,
) -> Dataset:
    """Return the report of `groups`, found on the source of `origin` and on `results` made of it.

    `outcome` is what tells this report from another of the same source.
    """
    source = origin.source
    library = [Listed(image, source) for image in (source, *results)]
    report = _report(series, (text(source, "SeriesInstanceUID"),), library, origin, form)
    _say(report, library, [_group(group, origin) for group in groups], origin)
    return finish(report, origin.uid(series.name, form, *outcome), origin)


def study_report(
    series: Series,
    images: Sequence[Dataset],
    groups: Sequence[Dataset],
    origin: Origin,
    outcome: Sequence[str],
    form: Kind,
) -> Dataset:
    """Return the report of `groups`, containers of what was found on the `images` of a study."""
    library = [Listed(image, image) for image in images]
    report = _report(series, (text(origin.source, "StudyInstanceUID"),), library, origin, form)
    _say(report, library, groups, origin)
    return finish(report, origin.uid(series.name, form, *outcome), origin)


def _report(
    series: Series, parts: Sequence[str], library: Iterable[Listed], origin: Origin, form: Kind
) -> Dataset:
    cited = [Cited.of(listed.image) for listed in library]
    return sr_document(series, parts, SOP_CLASSES[form], cited, origin)


def _say(
    report: Dataset, library: Sequence[Listed], groups: Sequence[Dataset], origin: Origin
) -> None:
    report.CodingSchemeIdentificationSequence = [private_scheme()]
    fill(report, TITLE, "1500", _content(library, groups, origin))


def _content(
    library: Sequence[Listed], groups: Sequence[Dataset], origin: Origin
) -> Iterable[Dataset]:
    is_mammogram = text(origin.source, "Modality") == "MG"
    yield coded(HAS_CONCEPT_MOD, dcm("121049", "Language of Content Item and Descendants"), ENGLISH)
    yield from _observer(origin)
    yield coded(
        HAS_CONCEPT_MOD,
        dcm("121058", "Procedure reported"),
        MAMMOGRAPHY if is_mammogram else IMAGING,
    )
    entries = [
        image_of(listed.image, children=list(_acquisition(listed.taken_as)))
        for listed in library
        if text(listed.image, "Modality") != "SEG"
    ]
    yield container(
        dcm("111028", "Image Library"), [container(dcm("126200", "Image Library Group"), entries)]
    )
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
    """Yield what TID 1602 says of how an image was taken, as far as it is known."""
    modality = MODALITIES.get(text(source, "Modality"))
    if modality is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("121139", "Modality"), modality)
    side = LEFT_OR_RIGHT.get(side_of(source))
    if side is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("111027", "Image Laterality"), side)
    view = mammographic_view(source)
    if view is not None:
        yield coded(HAS_ACQ_CONTEXT, dcm("111031", "Image View"), view.present)
    yield from oriented(source)


def oriented(source: Dataset) -> Iterable[Dataset]:
    """Yield the directions of rows and columns, where both are known."""
    orientation = patient_orientation(source)
    if orientation is not None:
        row, column = orientation
        yield text_of(HAS_ACQ_CONTEXT, dcm("111044", "Patient Orientation Row"), row)
        yield text_of(HAS_ACQ_CONTEXT, dcm("111043", "Patient Orientation Column"), column)


def measurement_group(identifier: str, uid: UID, said: Iterable[Dataset]) -> Dataset:
    """Return a group of TID 1410 or 1501 that can be found again by its name and UID."""
    return container(
        dcm("125007", "Measurement Group"),
        [
            text_of(HAS_OBS_CONTEXT, dcm("112039", "Tracking Identifier"), identifier),
            uid_of(HAS_OBS_CONTEXT, dcm("112040", "Tracking Unique Identifier"), uid),
            *said,
        ],
    )


def algorithm(relationship: str, said: Sequence[str]) -> Iterable[Dataset]:
    """Yield TID 4019: the name of an algorithm, its version and any number of parameters."""
    name, version, *parameters = said
    yield text_of(relationship, dcm("111001", "Algorithm Name"), name)
    yield text_of(relationship, dcm("111003", "Algorithm Version"), version)
    for one in parameters:
        yield text_of(relationship, dcm("111002", "Algorithm Parameters"), one)


def _group(group: Group, origin: Origin) -> Dataset:
    tracking = origin.uid("tracking", text(group.image, "SOPInstanceUID"), *group.tracking)
    return measurement_group(
        group.identifier,
        tracking,
        [
            coded(CONTAINS, dcm("121071", "Finding"), group.finding),
            *algorithm(HAS_CONCEPT_MOD, group.algorithm),
            image_of(group.image, dcm("121112", "Source of Measurement")),
            *group.measurements,
        ],
    )
