"""Objects that mark regions on images, as other makers write them: with highdicom, read back."""

from collections.abc import Mapping, Sequence

import highdicom as hd
import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, MammographyCADSRStorage
from reread import reread

from pipelines.phantom.objects import code, item, phantom_uid

MAKER = {
    "instance_number": 1,
    "manufacturer": "Another maker",
    "manufacturer_model_name": "Another model",
    "software_versions": "1",
    "device_serial_number": "1",
}
LESION, MASS = codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Mass
Drawn = tuple[str, Sequence[Sequence[float]]]
"""Graphic Type, and places of column and row."""


def presentation_state(
    images: Sequence[Dataset], drawn: Sequence[Drawn], units: str = "PIXEL"
) -> Dataset:
    """Return a state with these graphics on all of `images`, and a text beside them."""
    layer = hd.pr.GraphicLayer("MARKS", order=1)
    graphics = [hd.pr.GraphicObject(kind, np.array(places, float), units) for kind, places in drawn]
    words = hd.pr.TextObject("here", units="PIXEL", anchor_point=(5.0, 5.0))
    annotations = [
        hd.pr.GraphicAnnotation([image], layer, graphic_objects=graphics, text_objects=[words])
        for image in images
    ]
    state = hd.pr.GrayscaleSoftcopyPresentationState(
        images,
        **_identity("state"),
        **MAKER,
        content_label="MARKS",
        graphic_layers=[layer],
        graphic_annotations=annotations,
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(2000, 4000)],
        presentation_lut_transformation=hd.PresentationLUTTransformation("IDENTITY"),
    )
    return reread(state)


def segmentation(
    image: Dataset,
    masks: Sequence[np.ndarray],
    kind: str = "BINARY",
    category: object = LESION,
    transfer_syntax: str = ExplicitVRLittleEndian,
) -> Dataset:
    """Return a segmentation of one segment for each of `masks`, (rows, columns)."""
    described = [
        hd.seg.SegmentDescription(number, f"Segment {number}", category, MASS, "MANUAL")
        for number in range(1, len(masks) + 1)
    ]
    made = hd.seg.Segmentation(
        [image],
        np.stack(masks, axis=-1)[None].astype(np.uint8 if kind == "BINARY" else np.float32),
        kind,
        described,
        **_identity("segmentation"),
        **MAKER,
        transfer_syntax_uid=transfer_syntax,
        omit_empty_frames=False,
    )
    return reread(made)


def measurement_report(image: Dataset, drawn: Sequence[Drawn]) -> Dataset:
    """Return a TID 1500 report with a planar region for each graphic."""
    source = hd.sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID)
    groups = [
        hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            hd.sr.TrackingIdentifier(phantom_uid("lesion", number), f"Lesion {number}"),
            referenced_region=hd.sr.ImageRegion(kind, np.array(places, float), source),
            finding_type=MASS,
        )
        for number, (kind, places) in enumerate(drawn)
    ]
    observer = hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes("Reader^One")
    )
    content = hd.sr.MeasurementReport(
        hd.sr.ObservationContext(observer_person_context=observer),
        codes.LN.CTUnspecifiedBodyRegion,
        groups,
    )
    maker = {key: MAKER[key] for key in ("instance_number", "manufacturer")}
    return reread(hd.sr.Comprehensive3DSR([image], content[0], **_identity("report"), **maker))


def cad_report(
    images: Sequence[Dataset], findings: Sequence[tuple[int, Mapping[str, Drawn], str]]
) -> Dataset:
    """Return a Mammography CAD report; coordinates refer to the images of its library.

    A finding is the number of its image, its graphics by their name, and its code. They are
    required to be presented.
    """
    library = item(
        ValueType="CONTAINER",
        RelationshipType="CONTAINS",
        ConceptNameCodeSequence=[code("111028", "Image Library", "DCM")],
        ContentSequence=[
            item(
                ValueType="IMAGE",
                RelationshipType="CONTAINS",
                ReferencedSOPSequence=[reference(image)],
            )
            for image in images
        ],
    )
    found = [_single_image_finding(*finding) for finding in findings]
    report = item(
        SOPClassUID=MammographyCADSRStorage,
        SOPInstanceUID=phantom_uid("cad report"),
        Modality="SR",
        ValueType="CONTAINER",
        ConceptNameCodeSequence=[code("111036", "Mammography CAD Report", "DCM")],
        ContentSequence=[library, *found],
    )
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
    return reread(report)


def coordinates(kind: str, places: Sequence[Sequence[float]], name: str = "") -> Dataset:
    """Return a content item of spatial coordinates, of no image yet."""
    made = item(ValueType="SCOORD", RelationshipType="HAS PROPERTIES", GraphicType=kind)
    made.GraphicData = [float(value) for place in places for value in place]
    if name:
        made.ConceptNameCodeSequence = [code(name, "a name", "DCM")]
    return made


def reference(image: Dataset) -> Dataset:
    """Return a reference to an instance."""
    return item(
        ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID
    )


def _single_image_finding(number: int, drawn: Mapping[str, Drawn], what: str) -> Dataset:
    intent = item(
        ValueType="CODE",
        RelationshipType="HAS CONCEPT MOD",
        ConceptNameCodeSequence=[code("111056", "Rendering Intent", "DCM")],
        ConceptCodeSequence=[code("111150", "Presentation Required", "DCM")],
    )
    properties = [intent]
    for name, (kind, places) in drawn.items():
        one = coordinates(kind, places, name)
        one.ContentSequence = [
            item(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 1, number])
        ]
        properties.append(one)
    return item(
        ValueType="CODE",
        RelationshipType="CONTAINS",
        ConceptNameCodeSequence=[code("111059", "Single Image Finding", "DCM")],
        ConceptCodeSequence=[code(what, "a finding")],
        ContentSequence=properties,
    )


def _identity(what: str) -> dict[str, object]:
    return {
        "series_instance_uid": phantom_uid(what, "series"),
        "series_number": 1,
        "sop_instance_uid": phantom_uid(what),
    }
