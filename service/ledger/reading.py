"""DICOM files as data sets, and what may be wrong with them."""

import os
import struct
import zlib
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError

from service.errors import BadObjectError, UnavailableError
from service.ledger.disk import errno_of, is_of_system

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises on bytes that are no data set, or a value that is none of its VR."""


def read_file(path: Path, *, stop_before_pixels: bool = False) -> Dataset:
    """Return the data set in the DICOM file at `path`.

    Raises:
        BadObjectError: if it cannot be read.
        UnavailableError: if it is not there, or the disk fails.
    """
    try:
        return dcmread(path, stop_before_pixels=stop_before_pixels)
    except OSError as error:
        if not is_of_system(error):
            raise BadObjectError(f"cannot read {path.name}: it ends within a sequence") from error
        raise UnavailableError(
            f"cannot read {path.name}: {os.strerror(errno_of(error))}"
        ) from error
    except UNREADABLE as error:
        raise BadObjectError(f"cannot read {path.name}: {type(error).__name__}") from error


def readable(path: Path) -> Dataset:
    """Return the data set in the DICOM file at `path`, without its pixels if these are broken.

    Raises:
        BadObjectError: if not even its header can be read.
        UnavailableError: if it is not there, or the disk fails.
    """
    try:
        return read_file(path)
    except BadObjectError:
        return read_file(path, stop_before_pixels=True)
