"""Files and folders that stay, and what the operating system says of the disk."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import SpoolFullError, UnavailableError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turn what the operating system says about the disk into this node's words."""
    try:
        yield
    except OSError as error:
        number = errno_of(error)
        if number in _NO_ROOM:
            raise SpoolFullError(f"no room on the disk of {root}") from error
        raise UnavailableError(f"cannot use {root}: {os.strerror(number)}") from error


def errno_of(error: OSError) -> int:
    """Return what went wrong; pydicom wraps an OSError in one that does not know."""
    cause = error.__cause__
    return error.errno or (isinstance(cause, OSError) and cause.errno) or errno.EIO


def is_of_system(error: OSError) -> bool:
    """Tell whether the operating system said so; pydicom says it of files that are broken."""
    return bool(error.errno) or isinstance(error.__cause__, OSError)


def sync_path(path: Path) -> None:
    """Make sure that the file or folder at `path` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make `folder`, by that mode, and those above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    sync_path(folder.parent)


def size_of(path: Path) -> int:
    """Return the bytes of a file; 0 if it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def modified(path: Path) -> float:
    """Return when a file was last written to, as POSIX time; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
