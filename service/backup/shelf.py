"""The folder in which backups lie side by side, each under the time when it was made."""

import fcntl
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from service.backup.manifest import DIGEST
from service.errors import UnavailableError, UnknownError
from service.ledger.disk import disk_errors, sync_path

PART = ".unfinished"
"""Where a backup grows: who is killed leaves it, and the next one goes on from there."""
_GOING = ".removing-"
_LOCK = ".lock"
_NAME = re.compile(r"senoscope-[0-9]{8}T[0-9]{6}\.[0-9]{6}Z")


def name_of(moment: datetime) -> str:
    """Return the name of the backup made then; later ones sort after it."""
    return f"senoscope-{moment:%Y%m%dT%H%M%S.%fZ}"


def backups(shelf: Path) -> Sequence[Path]:
    """Return the whole backups in that folder, the oldest first."""
    with disk_errors(shelf):
        found = [path for path in shelf.glob("senoscope-*") if _NAME.fullmatch(path.name)]
    return sorted(path for path in found if (path / DIGEST).is_file())


def chosen(path: Path) -> Path:
    """Return the backup at `path`, or the newest in that folder.

    Raises:
        UnknownError: if there is none.
    """
    if (path / DIGEST).is_file() or _NAME.fullmatch(path.name):
        return path
    found = backups(path) if path.is_dir() else ()
    if not found:
        raise UnknownError(f"{path}: no backup here; `senoscope backup {path}` makes one")
    return found[-1]


@contextmanager
def held(shelf: Path) -> Iterator[Path]:
    """Give the folder where a backup may grow; nobody else makes one in `shelf` meanwhile.

    Raises:
        UnavailableError: if somebody does, or the folder cannot be used.
    """
    with disk_errors(shelf):
        shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (shelf / _LOCK).open("wb")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnavailableError(f"{shelf}: another backup is being made there") from None
        with disk_errors(shelf):
            for left in shelf.glob(f"{_GOING}*"):
                shutil.rmtree(left)
            (shelf / PART).mkdir(mode=0o700, exist_ok=True)
        yield shelf / PART


def finish(part: Path, moment: datetime) -> Path:
    """Give a backup that is whole its name, durably; return where it is."""
    path = part.with_name(name_of(moment))
    with disk_errors(part.parent):
        part.rename(path)
        sync_path(path.parent)
    return path


def keep_newest(shelf: Path, number: int) -> Sequence[Path]:
    """Remove the oldest backups so that `number` stay; return those that went."""
    old = backups(shelf)[:-number]
    with disk_errors(shelf):
        for path in old:  # half of one must not look whole
            going = path.rename(path.with_name(f"{_GOING}{path.name}"))
            shutil.rmtree(going)
    return old
