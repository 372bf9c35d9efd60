"""Whether two DICOM files hold the same data set, byte for byte."""

import struct
from pathlib import Path

from service.errors import UnavailableError

_HEAD = struct.Struct("<128s4sHH2sHL")
"""Preamble, DICM, and File Meta Information Group Length: PS3.10 7.1."""
_CHUNK = 1 << 20


def same_data_set(one: Path, other: Path) -> bool:
    """Tell whether the data sets of two files are equal; what was written around them may differ.

    Raises:
        UnavailableError: if one of them cannot be read.
    """
    try:
        with one.open("rb") as left, other.open("rb") as right:
            left.seek(_begin(left.read(_HEAD.size)))
            right.seek(_begin(right.read(_HEAD.size)))
            while (chunk := left.read(_CHUNK)) == right.read(_CHUNK):
                if not chunk:
                    return True
    except OSError as error:
        raise UnavailableError(f"cannot read the spool: {error.strerror}") from error
    return False


def _begin(head: bytes) -> int:
    """Return where the data set begins in a file that this node wrote; 0 in a damaged one."""
    if len(head) < _HEAD.size:
        return 0
    _, magic, group, element, _, _, length = _HEAD.unpack(head)
    return _HEAD.size + int(length) if (magic, group, element) == (b"DICM", 2, 0) else 0
