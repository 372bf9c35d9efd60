"""What lies where on an image, as a binary Segmentation (PS3.3 A.51)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SegmentationStorage

from engines.card import Card, Label
from pipelines.mammogram.attributes import text
from pipelines.mammogram.read import Mask
from pipelines.results.codes import (
    LONGEST_MEANING,
    SOURCE_IMAGE,
    Code,
    code_of,
    dcm,
    item_of,
    private_scheme,
)
from pipelines.results.content import reference
from pipelines.results.derived_image import confess_losses
from pipelines.results.legal import (
    instance_number,
    patient_orientation,
    patient_study,
)
from pipelines.results.provenance import DISCLAIMER, MANUFACTURER, Origin, digest, file_meta, sign
from pipelines.results.series import Series, file_in

SEGMENTATION = dcm("113076", "Segmentation")
ARTIFICIAL_INTELLIGENCE = dcm("123110", "Artificial Intelligence")
PLACE = Code("309825002", "SCT", "Spatial and Relational Concept")
"""Of CID 7150: the category that says nothing of what kind of thing it is."""
SEGMENT_NUMBER, SEGMENT_IDENTIFICATION = 0x0062000B, 0x0062000A
"""Tags that frames are ordered by."""


SEGMENTS = Series("segmentation", 9301, "AI segmentation RESEARCH")


@dataclass(frozen=True, slots=True)
class Segment:
    """What the ones of a mask stand for, of which part of the body if that is known."""

    label: str
    tracking_uid: UID
    category: Code
    kind: Code
    region: Dataset | None = None


def segmentation(masks: Mapping[Label, Mask], origin: Origin) -> Dataset:
    """Return `masks`, each (rows, columns) of the source of `origin`, as one segment each."""
    source = text(origin.source, "SOPInstanceUID")
    segments = [
        Segment(
            label.name[:LONGEST_MEANING],
            origin.uid("tracking", source, "segments", label.name),
            PLACE,
            code_of(label),
        )
        for label in masks
    ]
    outcome = [label.name for label in masks]
    result = segmented(segments, masks.values(), SEGMENTS, outcome, origin, origin.card)
    result.ContentLabel = "SEGMENTS"
    result.CodingSchemeIdentificationSequence = [private_scheme()]
    return result


def segmented(
    segments: Sequence[Segment],
    masks: Iterable[Mask],
    series: Series,
    outcome: Sequence[str],
    origin: Origin,
    segmenter: Card,
) -> Dataset:
    """Return `segments` of the source of `origin`, with the mask of each on its grid.

    It lacks a Content Label. `outcome` is what tells this object from another of the same masks.
    """
    source = origin.source
    frames = np.empty((len(segments), source.Rows, source.Columns), np.bool_)
    for frame, mask in zip(frames, masks, strict=True):  # one at a time: they may be large
        frame[...] = mask
    packed = np.packbits(frames, axis=None, bitorder="little").tobytes()
    result = Dataset()
    patient_study(source, result)
    result.SOPClassUID = SegmentationStorage
    result.SOPInstanceUID = origin.uid(
        series.name, text(source, "SOPInstanceUID"), *outcome, digest(packed)
    )
    _describe(result, series, origin)
    sign(result, origin)
    _shape(result, frames.shape)
    confess_losses(result, source)
    result.SegmentSequence = list(_items(segments, segmenter))
    _order(result, series, origin)
    result.SharedFunctionalGroupsSequence = [Dataset()]
    result.PerFrameFunctionalGroupsSequence = list(_per_frame(len(frames), source))
    result.ReferencedSeriesSequence = [_referenced(source)]
    result.add_new("PixelData", "OB", packed)
    result.file_meta = file_meta(result, ExplicitVRLittleEndian, origin.product.version)
    return result


def _describe(result: Dataset, series: Series, origin: Origin) -> None:
    source = origin.source
    file_in(series, result, origin, text(source, "SeriesInstanceUID"))
    result.Modality = "SEG"
    result.InstanceNumber = instance_number(source)
    result.ImageType = ["DERIVED", "PRIMARY"]
    result.ContentDescription, result.ContentCreatorName = DISCLAIMER, ""
    result.SegmentationType = "BINARY"
    orientation = patient_orientation(source)
    result.PatientOrientation = list(orientation) if orientation else None


def _shape(result: Dataset, shape: Sequence[int]) -> None:
    result.NumberOfFrames, result.Rows, result.Columns = shape
    result.SamplesPerPixel, result.PhotometricInterpretation = 1, "MONOCHROME2"
    result.BitsAllocated = result.BitsStored = 1
    result.HighBit = result.PixelRepresentation = 0


def _items(segments: Iterable[Segment], segmenter: Card) -> Iterable[Dataset]:
    for number, segment in enumerate(segments, 1):
        item = Dataset()
        item.SegmentNumber = number
        item.SegmentLabel = item.TrackingID = segment.label
        item.TrackingUID = segment.tracking_uid
        item.SegmentAlgorithmType = "AUTOMATIC"
        item.SegmentAlgorithmName = segmenter.name[:LONGEST_MEANING]
        item.SegmentationAlgorithmIdentificationSequence = [_algorithm(segmenter)]
        item.SegmentedPropertyCategoryCodeSequence = [item_of(segment.category)]
        item.SegmentedPropertyTypeCodeSequence = [item_of(segment.kind)]
        if segment.region is not None:
            item.AnatomicRegionSequence = [segment.region]
        yield item


def _algorithm(card: Card) -> Dataset:
    """Return the Algorithm Identification Macro (PS3.3 10.16)."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [item_of(ARTIFICIAL_INTELLIGENCE)]
    item.AlgorithmName, item.AlgorithmVersion = card.name[:64], card.version[:64]
    item.AlgorithmParameters = f"weights sha256 {card.sha256}"
    item.AlgorithmSource = MANUFACTURER
    return item


def _order(result: Dataset, series: Series, origin: Origin) -> None:
    """State that frames go by segment (Multi-frame Dimension module)."""
    organization, index = Dataset(), Dataset()
    uid = origin.uid(f"{series.name}-dimension", text(origin.source, "SOPInstanceUID"))
    organization.DimensionOrganizationUID = index.DimensionOrganizationUID = uid
    index.DimensionIndexPointer, index.FunctionalGroupPointer = (
        SEGMENT_NUMBER,
        SEGMENT_IDENTIFICATION,
    )
    index.DimensionDescriptionLabel = "Segment"
    result.DimensionOrganizationSequence = [organization]
    result.DimensionIndexSequence = [index]


def _per_frame(frames: int, source: Dataset) -> Iterable[Dataset]:
    for number in range(1, frames + 1):
        group, content, identification = Dataset(), Dataset(), Dataset()
        content.DimensionIndexValues = [number]
        identification.ReferencedSegmentNumber = number
        group.FrameContentSequence = [content]
        group.SegmentIdentificationSequence = [identification]
        group.DerivationImageSequence = [_derivation(source)]
        yield group


def _derivation(source: Dataset) -> Dataset:
    image, derivation = reference(source), Dataset()
    image.PurposeOfReferenceCodeSequence = [item_of(SOURCE_IMAGE)]
    image.SpatialLocationsPreserved = "YES"
    derivation.SourceImageSequence = [image]
    derivation.DerivationCodeSequence = [item_of(SEGMENTATION)]
    return derivation


def _referenced(source: Dataset) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = UID(text(source, "SeriesInstanceUID"))
    series.ReferencedInstanceSequence = [reference(source)]
    return series
