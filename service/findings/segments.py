"""What segmentations say lies on an image, as outlines (PS3.3 A.51)."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import SegmentationStorage

from engines.cad.finding import Points
from pipelines.mammogram.attributes import integer, items, text
from pipelines.mammogram.read import Mask
from pipelines.regions.segmentations import Frame, frames, mask_of
from service.findings.held import Held
from service.findings.tree import FEWEST_CORNERS
from service.ledger.reading import UNREADABLE

CLOSE = 1.0
"""Pixels that an outline may lie beside the edge of what it encloses."""
LEAST = 4
"""Pixels: what is less is a speck."""
MOST = 100
"""Outlines of one segmentation: the largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A connected part of a segment."""

    name: str
    """What the segment is called."""
    uid: str
    """Its Tracking UID, empty where it has none."""
    outline: Points


def patches(held: Held, image: Held) -> list[Patch]:
    """Return what a segmentation says lies on `image`, the largest first; nothing of another."""
    if held.sop_class != SegmentationStorage:
        return []
    try:
        segmentation = dcmread(held.path)
        found = [
            patch
            for frame in frames(segmentation, {image.uid: image.header})
            for patch in _patches(frame)
        ]
    except (OSError, *UNREADABLE):  # what cannot be read keeps nothing else from being shown
        return []
    return sorted(found, key=lambda one: -_area(one.outline))[:MOST]


def outlines(mask: Mask) -> Iterator[Points]:
    """Yield the outer edge of each connected part of `mask`; the middle of a pixel is at .5."""
    edges, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for edge in edges:
        corners = cv2.approxPolyDP(edge, CLOSE, closed=True).reshape(-1, 2)
        if len(corners) >= FEWEST_CORNERS and cv2.contourArea(edge) >= LEAST:
            yield corners.astype(np.float64) + 0.5


def _patches(frame: Frame) -> Iterator[Patch]:
    mask, segment = mask_of(frame), _segment(frame)
    if mask is not None and segment is not None:
        name, uid = text(segment, "SegmentLabel"), text(segment, "TrackingUID")
        for corners in outlines(np.ascontiguousarray(mask)):
            yield Patch(name, uid, corners)


def _segment(frame: Frame) -> Dataset | None:
    """Return what the segmentation says of the segment of a frame, None where it says nothing."""
    groups = [
        items(frame.segmentation, "PerFrameFunctionalGroupsSequence")[frame.index],
        *items(frame.segmentation, "SharedFunctionalGroupsSequence"),
    ]
    numbers = {
        integer(one, "ReferencedSegmentNumber")
        for group in groups
        for one in items(group, "SegmentIdentificationSequence")
    }
    there = items(frame.segmentation, "SegmentSequence")
    return next((one for one in there if integer(one, "SegmentNumber") in numbers), None)


def _area(outline: Points) -> float:
    return float(cv2.contourArea(outline.astype(np.float32)))
