"""One data set on its way in: a file that grows in the spool."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import xxhash

from service.errors import BadObjectError, NodeError, SpoolFullError, UnavailableError
from service.intake.file_meta import file_meta
from service.intake.write_back import begin_writing
from service.ledger.spool import Spool, is_uid

if TYPE_CHECKING:
    from io import FileIO

PREAMBLE = bytes(128) + b"DICM"  # PS3.10 7.1
_LOOK_EVERY = 64 << 20
"""Bytes between two looks at the room on the disk."""
_BEGIN_EVERY = 4 << 20
"""Bytes that are sent to the disk at a time, so that the sync has little left to wait for."""
MOST_PIECES = 1024
"""What one writev takes: IOV_MAX."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a C-STORE command says of the data set that follows."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    """Empty where its presentation context was not accepted."""
    study_instance_uid: str = ""
    """Empty where any study will do."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where data sets go, and how much room must stay there."""

    spool: Spool
    low_water: int
    """Bytes that must stay free."""
    largest: int = 4_096_000_000
    """Bytes that a data set may have."""

    def check_room(self) -> None:
        """Raise SpoolFullError if the disk has less room than must stay."""
        if self.spool.free_bytes() < self.low_water:
            raise SpoolFullError("the disk of the spool is full; try again later")


class Part:
    """One data set on its way in: a DICOM file that grows in the spool's ``incoming``.

    It has what pynetdicom asks of a `NamedTemporaryFile`. What goes wrong is kept in `error` for
    the answer to the sender; the rest of the data set is then taken and dropped.
    """

    def __init__(self, announced: Announced, intake: Intake) -> None:
        self.announced = announced
        self.path = intake.spool.temporary()
        self.size = 0
        """Bytes of the data set so far."""
        self.offset = 0
        """Where in the file the data set begins."""
        self.error: NodeError | None = None
        self.taken = False
        """Whether the data set is complete and was handed to the C-STORE handler."""
        self.ended = False
        """Whether it was kept or dropped by now."""
        self._digest = xxhash.xxh3_128()
        self._intake = intake
        self._file: FileIO | None = None
        self._written = self._begun = 0
        """Bytes of the file, and of those that are on their way to the disk."""
        self._open()

    @property
    def name(self) -> str:
        """Where the file lies."""
        return str(self.path)

    @property
    def file(self) -> Self:
        """What pynetdicom flushes."""
        return self

    @property
    def digest(self) -> str:
        """XXH3-128 of the data set as it came: quick; equal digests are compared byte by byte."""
        return self._digest.hexdigest()

    def write(self, fragment: bytes) -> None:
        """Add `fragment`, unless something went wrong before."""
        self.take((memoryview(fragment),))

    def take(self, pieces: Sequence[memoryview]) -> None:
        """Add `pieces`, one after the other, unless something went wrong before."""
        before = self.size
        for piece in pieces:
            self._digest.update(piece)
            self.size += len(piece)
        if self.error is not None:
            return
        try:
            if self.size > self._intake.largest:
                raise BadObjectError(f"larger than {self._intake.largest // 1_000_000} MB")
            if before // _LOOK_EVERY != self.size // _LOOK_EVERY:
                self._intake.check_room()
            self._write_all(pieces)
        except NodeError as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(UnavailableError(f"cannot write to the spool: {error.strerror}"))

    def flush(self) -> None:
        """Nothing is held back in memory."""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close and remove the file, if nobody gave it another name."""
        self.close()
        self.path.unlink(missing_ok=True)
        self.ended = True

    def _open(self) -> None:
        try:
            self._intake.check_room()
            head = PREAMBLE + self._file_meta()
            self._file = self.path.open("xb", buffering=0)
            self._write_all((memoryview(head),))
            self.offset = len(head)
        except NodeError as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(UnavailableError(f"cannot write to the spool: {error.strerror}"))

    def _write_all(self, pieces: Sequence[memoryview]) -> None:
        """Write all of `pieces`: a disk that is almost full takes a part of them in silence."""
        left = [piece for piece in pieces if piece]
        descriptor = cast("FileIO", self._file).fileno()
        while left:
            written = os.writev(descriptor, left[:MOST_PIECES])
            self._written += written
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if written:
                left[0] = left[0][written:]
        if self._written - self._begun >= _BEGIN_EVERY:
            begin_writing(descriptor, self._begun, self._written - self._begun)
            self._begun = self._written

    def _file_meta(self) -> bytes:
        told = self.announced
        if not told.transfer_syntax_uid:
            raise BadObjectError("sent on a presentation context that was not accepted")
        for name, uid in (("Class", told.sop_class_uid), ("Instance", told.sop_instance_uid)):
            if not is_uid(uid):
                raise BadObjectError(f"Affected SOP {name} UID is no UID (PS3.5 9.1)")
        return file_meta(told.sop_class_uid, told.sop_instance_uid, told.transfer_syntax_uid)

    def _give_up(self, error: NodeError) -> None:
        self.error = error
        self.close()
        self.path.unlink(missing_ok=True)
