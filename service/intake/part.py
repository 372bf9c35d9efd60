"""One data set on its way in: a file that grows in the spool."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import xxhash

from service.errors import BadObjectError, NodeError, SpoolFullError, UnavailableError
from service.intake.file_meta import file_meta
from service.intake.growing import GrowingFile, Reader
from service.ledger.spool import Spool
from service.ledger.uids import is_uid

PREAMBLE = bytes(128) + b"DICM"  # PS3.10 7.1
_LOOK_EVERY = 64 << 20
"""Bytes between two looks at the room on the disk."""


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
        self._head = b""
        """What of the file comes before the data set."""
        self._digest = xxhash.xxh3_128()
        self._intake = intake
        self._file: GrowingFile | None = None
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
            cast("GrowingFile", self._file).add(pieces if before else (self._head, *pieces))
        except NodeError as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(UnavailableError(f"cannot write to the spool: {error.strerror}"))

    def flush(self) -> None:
        """Hold back what is no whole step yet: `finish` writes it."""

    def finish(self) -> None:
        """Write what is held back; `error` tells if that failed."""
        if self._file is None or self.error is not None:
            return
        try:
            self._file.finish()
        except OSError as error:
            self._give_up(UnavailableError(f"cannot write to the spool: {error.strerror}"))

    def reader(self) -> Reader:
        """Return what reads the data set, which is finished without an error."""
        return cast("GrowingFile", self._file).reader(self.offset)

    def sync(self) -> None:
        """Wait until the disk has the file, which is finished without an error, and close it.

        Raises:
            OSError: if the disk fails.
        """
        cast("GrowingFile", self._file).sync()

    def close(self) -> None:
        """Close the file as it is."""
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
        self._drop()
        self.ended = True

    def _open(self) -> None:
        try:
            self._intake.check_room()
            self._head = PREAMBLE + self._file_meta()
            self.offset = len(self._head)
            self._file = GrowingFile(self.path)
        except NodeError as error:
            self._give_up(error)
        except OSError as error:
            self._give_up(UnavailableError(f"cannot write to the spool: {error.strerror}"))

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
        self._drop()

    def _drop(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)
