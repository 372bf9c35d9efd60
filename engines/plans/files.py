"""Files that are whole or not there, and nobody else's."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.plans.manifest import PlanError

OURS = 0o700
ANEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_ours(folder: Path) -> None:
    """Make `folder`, for this user alone, where there is none.

    Raises:
        PlanError: it cannot be made, or belongs to others, or others may write into it.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=OURS, exist_ok=True)
    except OSError as error:
        raise PlanError(f"{folder}: {error.strerror}") from error
    make_sure_ours(folder)


def make_sure_ours(folder: Path) -> None:
    """Make sure that nobody else can have put anything into `folder`.

    Raises:
        PlanError: it is not there, belongs to others, or others may write into it.
    """
    try:
        _make_sure_ours(folder, folder.stat())
    except OSError as error:
        raise PlanError(f"{folder}: {error.strerror}") from error


def read_ours(path: Path) -> bytes:
    """Return what is in a file of ours.

    Raises:
        PlanError: it cannot be read, is a link, belongs to others, or others may write to it.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            _make_sure_ours(path, os.fstat(file.fileno()))
            return file.read()
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`, on the disk: however the process ends, all of it or nothing.

    One writer at a time: see `held`.

    Raises:
        PlanError: the disk does not take it; what was there before is still there.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, ANEW, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PlanError(f"{path}: {error.strerror}") from error


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, waiting for who has it; the kernel lets go however we end.

    Raises:
        PlanError: there can be no lock at `path`.
    """
    with _lock_file(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock at `path` if nobody has it; gives whether it is held.

    Raises:
        PlanError: there can be no lock at `path`.
    """
    with _lock_file(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror}") from error
    try:
        yield lock
    finally:
        os.close(lock)


def _make_sure_ours(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise PlanError(f"{path} belongs to user {found.st_uid}, this is user {os.geteuid()}")
    if found.st_mode & OTHERS_WRITE:
        mode = stat.filemode(found.st_mode)
        raise PlanError(f"{path} may be written by others ({mode}); a plan in it is not trusted")


def _sync(folder: Path) -> None:
    """Put the folder's own entries on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
