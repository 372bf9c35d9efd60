"""What a reader answered: a file that only grows, each line on the disk before it is confirmed."""

import errno
import fcntl
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import BadConfigurationError, UnavailableError
from service.ledger.disk import disk_errors
from service.reader_study.light_box import Which
from service.reader_study.session import sync_folder

Key = tuple[int, str]
"""The number of a case and the key of a criterion."""


class Answer(BaseModel):
    """One score, as a line of the file.

    `given` is the key that was pressed, from left to right; `score` is from original to
    super-resolved. Both are None where the pictures are not readable for that criterion.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: int = Field(ge=1)
    criterion: str
    score: Literal[1, 2, 3, 4, 5] | None
    given: Literal[1, 2, 3, 4, 5] | None
    left: Which
    at: datetime


class Answers:
    """The answers of one reader, open for more; nobody else may have them open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[Key, Answer] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with disk_errors(self._path.parent):
            self._file = self._path.open("a+b", buffering=0)
            self._hold()
            _drop_torn_line(self._path)
            sync_folder(self._path.parent)
        self._last = dict(read_answers(self._path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def last(self) -> Mapping[Key, Answer]:
        """The last answer for each case and criterion."""
        return self._last

    def add(self, answer: Answer) -> None:
        """Keep one more; it is on the disk when this returns.

        Raises:
            UnavailableError: the disk fails.
        """
        with self._lock, disk_errors(self._path.parent):
            self._append(f"{answer.model_dump_json()}\n".encode())
            self._last[answer.case, answer.criterion] = answer

    def _append(self, line: bytes) -> None:
        """Write the whole line, or nothing of it."""
        before = os.fstat(self._file.fileno()).st_size
        try:
            _write_all(self._file, line)
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), before)
            raise

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UnavailableError(
                f"{self._path.parent} is in use: this reader reads in another "
                "`senoscope reader-study run` already"
            ) from None


def read_answers(path: Path) -> Mapping[Key, Answer]:
    """Return the last answer for each case and criterion; nothing if there is no file.

    Raises:
        BadConfigurationError: a line is none; the last may be cut off, by a power cut.
    """
    if not path.is_file():
        return {}
    *lines, _torn = path.read_bytes().split(b"\n")
    found: dict[Key, Answer] = {}
    for number, line in enumerate(lines, start=1):
        try:
            answer = Answer.model_validate_json(line)
        except ValidationError as error:
            raise BadConfigurationError(f"{path}: line {number} is no answer") from error
        found[answer.case, answer.criterion] = answer
    return found


def _write_all(file: FileIO, line: bytes) -> None:
    if file.write(line) != len(line):  # the disk was full in the middle of it
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _drop_torn_line(path: Path) -> None:
    """Cut off what was not written to its end: nobody was told that it was kept."""
    written = path.read_bytes()
    whole = written.rfind(b"\n") + 1
    if whole < len(written):
        os.truncate(path, whole)
