"""Copies of files with their digests, durable when they have their names."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.backup.manifest import Entry
from service.ledger.disk import disk_errors, sync_path
from service.secret import for_us_alone

_PIECE = 1 << 20
_GROWING = ".copying"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The backup before: what did not change since is not copied again, it is one file with it."""

    folder: Path
    entries: Mapping[str, Entry]


def digest_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file, for its owner alone to read; return its size and sha256.

    Raises:
        FileNotFoundError: if it is not there.
        UnavailableError: if the disk of `target` fails or is full.
    """
    growing = target.with_name(target.name + _GROWING)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, disk_errors(target.parent):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        growing.unlink(missing_ok=True)
        with open(growing, "xb", opener=for_us_alone) as copied:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += copied.write(piece)
            copied.flush()
            was = os.fstat(file.fileno())
            os.utime(copied.fileno(), ns=(was.st_atime_ns, was.st_mtime_ns))
            os.fsync(copied.fileno())
        growing.replace(target)
        sync_path(target.parent)
    return size, digest.hexdigest()


def copied(source: Path, folder: Path, name: str) -> Entry:
    """Copy a file into a backup under that name.

    Raises:
        FileNotFoundError, UnavailableError: see `copy`.
    """
    size, sha256 = copy(source, folder / name)
    return Entry(name=name, size=size, sha256=sha256)


def copied_or_linked(source: Path, folder: Path, name: str, earlier: Earlier) -> Entry:
    """Likewise for bytes that never change under their name: a copy that is there already is taken.

    Raises:
        FileNotFoundError, UnavailableError: see `copy`.
    """
    target, is_like = folder / name, _state(source)
    if _is(target, is_like):  # of a backup that was broken off
        with disk_errors(folder):
            return Entry(name=name, size=is_like[0], sha256=digest_of(target))
    known, before = earlier.entries.get(name), earlier.folder / name
    if known is not None and known.size == is_like[0] and _is(before, is_like):
        with disk_errors(folder), suppress(OSError):  # a file system that has no links: copy it
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.hardlink_to(before)
            sync_path(target.parent)
            return known
    return copied(source, folder, name)


def is_same(path: Path, entry: Entry) -> bool:
    """Tell whether that file has the bytes of which the manifest speaks."""
    try:
        return path.stat().st_size == entry.size and digest_of(path) == entry.sha256
    except OSError:
        return False


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _is(path: Path, state: tuple[int, int]) -> bool:
    with suppress(OSError):
        return _state(path) == state
    return False
