"""Regions that objects of a study mark on its images."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

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
from pipelines.regions.segmentations import Frame, frames, parts
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

Found = dict[str, dict[Region, None]]
"""Regions by SOP Instance UID, each once and in order."""

MOST_REGIONS = 64
"""Of one image."""
MOST_FRAMES = 128
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
    others = sorted(filter(accompanies, objects), key=_name)
    found: Found = {}
    for uid, box in _drawn(others, shown):
        _add(box, uid, shown, found)
    for frame in islice(_frames(others, shown), MOST_FRAMES):
        uid = frame.sop_instance_uid
        for box in parts(frame) if _has_room(uid, found) else ():
            _add(box, uid, shown, found)
    return {uid: list(regions) for uid, regions in found.items()}


def _drawn(objects: Sequence[Dataset], images: Mapping[str, Dataset]) -> Iterator[tuple[str, Box]]:
    for one in objects:
        if text(one, "SOPClassUID") == GrayscaleSoftcopyPresentationStateStorage:
            yield from _readable(drawn(one, images))
        elif text(one, "SOPClassUID") in REPORTS:
            yield from _readable(outlined(one, images))


def _frames(objects: Sequence[Dataset], images: Mapping[str, Dataset]) -> Iterator[Frame]:
    for one in objects:
        if text(one, "SOPClassUID") == SegmentationStorage:
            yield from _readable(frames(one, images))


def _readable(found: Iterator[Any]) -> Iterator[Any]:
    """Yield what there is: of a sequence that is cut off pydicom says as of a file that is."""
    try:
        yield from found
    except OSError:
        return


def _add(box: Box, uid: str, images: Mapping[str, Dataset], found: Found) -> None:
    region = region_around(box, images[uid])
    if region is not None and _has_room(uid, found):
        found.setdefault(uid, {})[region] = None


def _has_room(uid: str, found: Found) -> bool:
    return len(found.get(uid, ())) < MOST_REGIONS


def _name(one: Dataset) -> str:
    return text(one, "SOPInstanceUID")
