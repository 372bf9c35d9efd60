"""DICOM files that are to be sent."""

from dataclasses import dataclass
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID

from service.errors import BadObjectError, UnavailableError
from service.ledger.reading import UNREADABLE, read_file
from service.ledger.uids import is_uid

_NOT_DECODED = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, RuntimeError)
"""What pydicom and its decoders raise on pixel data that they cannot decode."""


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What a DICOM file says of its data set: PS3.10 7.1."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


def file_meta(path: Path) -> FileMeta:
    """Return what the file at `path` says of its data set.

    Raises:
        BadObjectError: if it is no DICOM file, or does not say it.
        UnavailableError: if it cannot be read now.
    """
    try:
        meta = read_file_meta_info(path)
        found = FileMeta(
            str(meta.get("MediaStorageSOPClassUID", "")),
            str(meta.get("MediaStorageSOPInstanceUID", "")),
            str(meta.get("TransferSyntaxUID", "")),
        )
    except OSError as error:
        raise UnavailableError(f"cannot read {path.name}: {error.strerror}") from error
    except UNREADABLE as error:
        raise BadObjectError(f"{path.name} is no DICOM file") from error
    if not is_uid(found.sop_class_uid) or not is_uid(found.transfer_syntax_uid):
        raise BadObjectError(f"{path.name} does not say its SOP class or transfer syntax")
    return found


def write_uncompressed(path: Path, to: Path, transfer_syntax: UID) -> None:
    """Write the object at `path` to the file `to`, with its pixels decompressed, in that syntax.

    Raises:
        BadObjectError: if it cannot be read or decompressed.
        UnavailableError: if the disk fails.
    """
    image = read_file(path)
    stored = UID(image.file_meta.TransferSyntaxUID)
    if not stored.is_little_endian:
        raise BadObjectError(f"{path.name} is big endian and cannot be sent in another syntax")
    try:
        if stored.is_compressed and not stored.is_deflated:
            image.decompress(generate_instance_uid=False)
        image.file_meta.TransferSyntaxUID = transfer_syntax
        image.save_as(
            to,
            implicit_vr=transfer_syntax.is_implicit_VR,
            little_endian=True,
            enforce_file_format=True,
        )
    except OSError as error:
        raise UnavailableError(f"cannot write {to.name}: {error.strerror}") from error
    except _NOT_DECODED as error:
        raise BadObjectError(f"{path.name} cannot be decompressed for the peer") from error
