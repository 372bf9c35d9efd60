"""Regions that objects of a study mark on its images."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from pydicom import Dataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    ExtensibleSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MammographyCADSRStorage,
    SegmentationStorage,
)

from engines.cad.finding import Region
from pipelines.mammogram.attributes import text
from pipelines.regions.extent import Box, region_around
from pipelines.regions.presentation_states import drawn
from pipelines.regions.reports import outlined
from pipelines.regions.segmentations import frames, parts
from pipelines.results.provenance import is_ours

REPORTS = frozenset(
    {
        EnhancedSRStorage,
        ComprehensiveSRStorage,
        Comprehensive3DSRStorage,
        ExtensibleSRStorage,
        MammographyCADSRStorage,
    }
)
"""Structured reports that may hold spatial coordinates (PS3.3 A.35)."""

MARKING = REPORTS | {GrayscaleSoftcopyPresentationStateStorage, SegmentationStorage}

Found = TypeVar("Found")

MOST_REGIONS = 64
"""Of one image."""
MOST_FRAMES = 256
"""Of all segmentations of a study: each has to be unpacked."""


def accompanies(header: Dataset) -> bool:
    """Return whether an object may mark regions on images of its study, and is not ours."""
    return text(header, "SOPClassUID") in MARKING and not is_ours(header)


def regions_of(objects: Sequence[Dataset], images: Sequence[Dataset]) -> dict[str, list[Region]]:
    """Return the regions that `objects` mark on `images`, by SOP Instance UID.

    Each is there once, at most 64 for an image, in an order that does not depend on that of the
    objects. What cannot be read, or lies beyond the image, marks nothing.
    """
    shown = {text(image, "SOPInstanceUID"): image for image in images}
    found: dict[str, dict[Region, None]] = {}
    for uid, box in _marks(sorted(filter(accompanies, objects), key=_name), shown):
        region = region_around(box, shown[uid])
        if region is not None and len(found.get(uid, ())) < MOST_REGIONS:
            found.setdefault(uid, {})[region] = None
    return {uid: list(regions) for uid, regions in found.items()}


def _marks(objects: Sequence[Dataset], images: Mapping[str, Dataset]) -> Iterator[tuple[str, Box]]:
    for one in objects:
        if text(one, "SOPClassUID") == GrayscaleSoftcopyPresentationStateStorage:
            yield from _whole(drawn(one, images))
        elif text(one, "SOPClassUID") in REPORTS:
            yield from _whole(outlined(one, images))
    segmentations = (one for one in objects if text(one, "SOPClassUID") == SegmentationStorage)
    segmented = (frame for one in segmentations for frame in _whole(frames(one, images)))
    for frame in islice(segmented, MOST_FRAMES):
        for box in parts(frame):
            yield frame.sop_instance_uid, box


def _whole(found: Iterator[Found]) -> Iterator[Found]:
    """Yield what there is: of a sequence that is cut off pydicom says as of a file that is."""
    try:
        yield from found
    except OSError:
        return


def _name(one: Dataset) -> str:
    return text(one, "SOPInstanceUID")
