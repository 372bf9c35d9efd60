"""What a Segmentation marks on images of the same grid (PS3.3 A.51)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import UID

from pipelines.errors import CannotProcessError
from pipelines.mammogram.attributes import UNREADABLE, integer, items, number, text, values
from pipelines.mammogram.decode import DECODERS, MOST_PIXELS, decoded
from pipelines.mammogram.read import is_little_endian
from pipelines.regions.extent import Box
from pipelines.regions.references import listed, uids

Mask = NDArray[np.bool_]

MOST_PARTS = 64
MOST_FRAMES = 1 << 12

NO_LESIONS = frozenset(
    {
        *("91723000", "123037004", "T-D000A"),  # anatomical structure: a whole breast, a muscle
        *("260787004", "A-00004"),  # physical object: an implant, a clip
    }
)
"""Property categories that mark no lesion (PS3.16 CID 7150)."""

HALF = 0.5
LAYOUT = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One segment, or a part of it, on one image."""

    segmentation: Dataset
    index: int
    sop_instance_uid: str


def frames(segmentation: Dataset, images: Mapping[str, Dataset]) -> Iterator[Frame]:
    """Yield the frames that lie on one of `images`, pixel on pixel, and may show lesions."""
    shared = (items(segmentation, "SharedFunctionalGroupsSequence") or [Dataset()])[0]
    lesions = _segments_of_lesions(segmentation)
    own = items(segmentation, "PerFrameFunctionalGroupsSequence")
    for index, group in enumerate(islice(own, MOST_FRAMES)):
        if not _segments(group, shared) <= lesions:
            continue
        for uid in _sources(group, shared, segmentation):
            if uid in images and _grid(images[uid]) == _grid(segmentation):
                yield Frame(segmentation, index, uid)


def parts(frame: Frame) -> list[Box]:
    """Return a box around each connected part of what is marked, of the largest first."""
    mask = mask_of(frame)
    if mask is None:
        return []
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return []
    marked = np.ascontiguousarray(mask[top : top + height, left : left + width])
    _, _, stats, _ = cv2.connectedComponentsWithStats(marked.view(np.uint8), connectivity=8)
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST_PARTS] + 1
    return [
        Box(left + x, top + y, left + x + width, top + y + height)
        for x, y, width, height, _ in stats[order].tolist()
    ]


def _segments_of_lesions(segmentation: Dataset) -> set[int | None]:
    return {
        integer(segment, "SegmentNumber")
        for segment in items(segmentation, "SegmentSequence")
        if not any(
            text(category, "CodeValue") in NO_LESIONS
            for category in items(segment, "SegmentedPropertyCategoryCodeSequence")
        )
    }


def _segments(group: Dataset, shared: Dataset) -> set[int | None]:
    named = items(group, "SegmentIdentificationSequence") or items(
        shared, "SegmentIdentificationSequence"
    )
    return {integer(one, "ReferencedSegmentNumber") for one in named}


def _sources(group: Dataset, shared: Dataset, segmentation: Dataset) -> list[str]:
    """Return the images that a frame was drawn on; without a word of it, the only one there is."""
    stated = [
        source
        for place in (group, shared)
        for derivation in items(place, "DerivationImageSequence")
        for source in items(derivation, "SourceImageSequence")
    ]
    if stated:
        return uids(stated)
    only = uids(listed(segmentation, "ReferencedInstanceSequence"))
    return only if len(only) == 1 else []


def _grid(image: Dataset) -> tuple[int | None, int | None]:
    return integer(image, "Rows"), integer(image, "Columns")


def mask_of(frame: Frame) -> Mask | None:
    """Return where the segment is, or at least half of it; None where that cannot be read."""
    segmentation = frame.segmentation
    rows, columns = (integer(segmentation, keyword) or 0 for keyword in ("Rows", "Columns"))
    if not 0 < rows * columns <= MOST_PIXELS:
        return None
    if integer(segmentation, "BitsAllocated") == 1:
        return _unpacked(frame, rows, columns)
    try:
        shares = decoded(_single(frame))
    except CannotProcessError:
        return None
    whole = number(segmentation, "MaximumFractionalValue") or np.iinfo(np.uint8).max
    is_binary = text(segmentation, "SegmentationType") == "BINARY"
    return np.asarray(shares > 0 if is_binary else shares >= HALF * whole)


def _unpacked(frame: Frame, rows: int, columns: int) -> Mask | None:
    """Return a frame of single bits: the next one begins within the byte (PS3.5 8.1.1)."""
    packed = _pixel_data(frame.segmentation)
    first = frame.index * rows * columns
    last = first + rows * columns
    if 8 * len(packed) < last or not is_little_endian(frame.segmentation):
        return None
    held = np.frombuffer(packed, np.uint8)[first // 8 : -(-last // 8)]
    bits = np.unpackbits(held, bitorder="little")[first % 8 :][: rows * columns]
    return bits.reshape(rows, columns).view(bool)


def _single(frame: Frame) -> Dataset:
    """Return a frame as an image of its own, of whole bytes.

    Raises:
        CannotProcessError: there is no such frame.
    """
    segmentation = frame.segmentation
    single = Dataset()
    for keyword in LAYOUT:
        setattr(single, keyword, integer(segmentation, keyword))
    single.PhotometricInterpretation = text(segmentation, "PhotometricInterpretation")
    single.file_meta = getattr(segmentation, "file_meta", FileMetaDataset())
    single.add_new("PixelData", "OB", _whole_frame(frame, single))
    return single


def _whole_frame(frame: Frame, single: Dataset) -> bytes:
    held = _pixel_data(frame.segmentation)
    syntax = UID(text(single.file_meta, "TransferSyntaxUID"))
    if DECODERS.get(syntax) == "":
        length = single.Rows * single.Columns * (single.BitsAllocated or 0) // 8
        return held[frame.index * length :][:length]
    try:
        return encapsulate([get_frame(held, frame.index, number_of_frames=frame.index + 1)])
    except UNREADABLE as error:
        raise CannotProcessError("a segmentation is broken: it lacks frames") from error


def _pixel_data(segmentation: Dataset) -> bytes:
    found = values(segmentation, "PixelData")
    return bytes(found[0]) if found and isinstance(found[0], bytes | bytearray) else b""
