"""How large a compressed frame says it is, read from its own header before anything is decoded."""

from dataclasses import dataclass

from pydicom.uid import (
    HTJ2K,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

JPEG_SYNTAXES = frozenset([*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes])
JPEG_2000_SYNTAXES = frozenset([*JPEG2000TransferSyntaxes, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL])

MARKER = 0xFF
"""Begins every marker; several in a row are fill bytes (T.81 B.1.1.2)."""

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""SOF0..SOF15 (ITU-T T.81 Table B.1) and SOF55 of JPEG-LS (T.87 C.1)."""

WITHOUT_LENGTH = frozenset([0x01, *range(0xD0, 0xD9)])
"""TEM, RST0..RST7 and SOI stand alone."""

FRAME_HEADER = 6
SIZE_SEGMENT = 38
"""Bytes that are read of either."""

JPEG_2000_SIZE = b"\xff\x4f\xff\x51"
"""SOC followed by SIZ (T.800 A.5.1)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a compressed frame claims to hold."""

    rows: int
    columns: int
    components: int


def extent(frame: bytes, transfer_syntax: str) -> Extent | None:
    """Return what the header of `frame` claims, None where there is none or it is cut."""
    if transfer_syntax in JPEG_SYNTAXES:
        return _jpeg_extent(frame)
    if transfer_syntax in JPEG_2000_SYNTAXES:
        return _jpeg_2000_extent(frame)
    return None


def states_extent(transfer_syntax: str) -> bool:
    """Return whether frames of this transfer syntax say how large they are."""
    return transfer_syntax in JPEG_SYNTAXES or transfer_syntax in JPEG_2000_SYNTAXES


def _jpeg_extent(frame: bytes) -> Extent | None:
    at = 0
    while at + 4 <= len(frame):
        if frame[at] != MARKER:
            return None
        marker = frame[at + 1]
        if marker == MARKER:
            at += 1
        elif marker in WITHOUT_LENGTH:
            at += 2
        elif marker in START_OF_FRAME:
            return _jpeg_frame_header(frame[at + 4 :][:FRAME_HEADER])
        else:
            at += 2 + int.from_bytes(frame[at + 2 : at + 4])
    return None


def _jpeg_frame_header(segment: bytes) -> Extent | None:
    """Read precision (1 byte), lines (2), samples per line (2), components (1)."""
    if len(segment) < FRAME_HEADER:
        return None
    return Extent(int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5]), segment[5])


def _jpeg_2000_extent(frame: bytes) -> Extent | None:
    """Read Lsiz, Rsiz (2 bytes each), Xsiz, Ysiz and six more (4 bytes each), Csiz (2)."""
    at = frame.find(JPEG_2000_SIZE)
    segment = frame[at + len(JPEG_2000_SIZE) :][:SIZE_SEGMENT]
    if at < 0 or len(segment) < SIZE_SEGMENT:
        return None
    x, y, x_offset, y_offset = (int.from_bytes(segment[i : i + 4]) for i in (4, 8, 12, 16))
    return Extent(y - y_offset, x - x_offset, int.from_bytes(segment[36:38]))
