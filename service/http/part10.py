"""The beginning of a DICOM file that comes piece by piece: PS3.10 section 7.1."""

import struct
from io import BytesIO

from pydicom.uid import ExplicitVRLittleEndian

from service.errors import BadObjectError
from service.intake.part import Announced
from service.intake.structure import read_values

LONGEST_META = 64 << 10
"""Bytes of file meta information."""
_WANTED = ((0x00020002,), (0x00020003,), (0x00020010,))
"""Media Storage SOP Class UID and SOP Instance UID, Transfer Syntax UID."""
_START = struct.Struct("<128s4sHH2sHL")
"""Preamble, DICM, File Meta Information Group Length (0002,0000)."""


class Head:
    """Collects the file meta information; the data set begins behind it."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> tuple[Announced, bytes] | None:
        """Return what the file says of itself, and the beginning of its data set; None: not yet.

        Raises:
            BadObjectError: if it is no DICOM file.
        """
        self._held += piece
        if len(self._held) < _START.size:
            return None
        _, magic, group, element, vr, _, length = _START.unpack_from(self._held)
        if magic != b"DICM":
            raise BadObjectError("no DICOM file: it has no DICM behind its preamble")
        if (group, element, vr) != (0x0002, 0, b"UL"):
            raise BadObjectError("no File Meta Information Group Length (PS3.10 7.1)")
        if length > LONGEST_META:
            raise BadObjectError(f"more than {LONGEST_META >> 10} KiB of file meta information")
        end = _START.size + length
        if len(self._held) < end:
            return None
        return _announced(bytes(self._held[_START.size : end])), bytes(self._held[end:])


def _announced(meta: bytes) -> Announced:
    found = read_values(
        BytesIO(meta), len(meta), ExplicitVRLittleEndian, _WANTED, barred_group=None
    )
    return Announced(*(found.get(path, "") for path in _WANTED))
