"""Making a backup while the node goes on."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.backup.copies import Earlier, copied, copied_or_linked, digest_of
from service.backup.manifest import Entry, Manifest, Scope, read_manifest, write_manifest
from service.backup.shelf import PART, backups, finish, held
from service.errors import (
    BadConfigurationError,
    SpoolFullError,
    UnavailableError,
    WrongUsageError,
)
from service.ledger.bytes_owed import Bytes, all_bytes, owed_bytes
from service.ledger.database import Database
from service.ledger.disk import disk_errors
from service.ledger.schema import newest_schema
from service.ledger.snapshot import kind_of, snapshot
from service.ledger.spool import Spool

LEDGER = "ledger"
ROUNDS = 3
"""Tries to copy a ledger and the bytes that it speaks of before retention removes some of them."""

Tell = Callable[[int, int], None]
"""Is told the bytes that are done, and of how many."""


@dataclass(frozen=True)
class Source:
    """What of a node goes into a backup."""

    database: Database
    data: Path
    spools: Mapping[str, Spool] | None
    """By name; None where they lie in a bucket."""
    files: Mapping[str, Path]
    """Everything else, by the names in the backup."""
    committing: Collection[str]
    """The destinations that are to commit themselves to storage."""
    version: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is whole."""

    path: Path
    manifest: Manifest


@dataclass
class _Round:
    """One try: a ledger, and the bytes that it speaks of."""

    entries: list[Entry] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Files that the ledger speaks of and that are not there."""


def take(source: Source, shelf: Path, scope: Scope, tell: Tell) -> Backup:
    """Make a backup in `shelf`; it is there wholly or not at all.

    One that was broken off is gone on with, and what has not changed since the one before is not
    copied again.

    Raises:
        WrongUsageError: if `shelf` lies in the folder that it is to be a copy of.
        BadConfigurationError: if the ledger has another schema.
        UnavailableError: if ledger or disk fails, or another backup is being made.
    """
    if shelf.resolve().is_relative_to(source.data.resolve()):
        raise WrongUsageError(f"{shelf} lies in {source.data}, and would be lost with it")
    with held(shelf) as part:
        moment = source.now()
        earlier = _earlier(shelf)
        done = _in_rounds(source, part, earlier, scope, tell)
        entries = [*done.entries, *(copied(path, part, n) for n, path in source.files.items())]
        manifest = Manifest(
            senoscope=source.version,
            made_at=moment,
            ledger=kind_of(source.database),
            schema_version=newest_schema(),
            scope=scope,
            in_bucket=source.spools is None,
            missing=tuple(done.gone),
            files=tuple(entries),
        )
        _remove_others(part, {entry.name for entry in entries})
        write_manifest(part, manifest)
        return Backup(finish(part, moment), manifest)


def _earlier(shelf: Path) -> Earlier:
    """Return the newest backup that can be read; nothing is known where there is none."""
    for path in reversed(backups(shelf)):
        try:
            entries = read_manifest(path).files
        except BadConfigurationError:
            continue
        return Earlier(path, {entry.name: entry for entry in entries})
    return Earlier(shelf / PART, {})


def _in_rounds(source: Source, part: Path, earlier: Earlier, scope: Scope, tell: Tell) -> _Round:
    """Copy ledger and bytes so that they fit: what vanished between is asked for again.

    What is gone in two rounds is not there at all, and does not keep the rest from being saved.
    """
    gone: set[str] = set()
    for _ in range(ROUNDS):
        done = _round(source, part, earlier, scope, tell)
        if set(done.gone) <= gone:
            return done
        gone = set(done.gone)
    raise UnavailableError("the spool loses files faster than they can be copied: try again later")


def _round(source: Source, part: Path, earlier: Earlier, scope: Scope, tell: Tell) -> _Round:
    ledger = part / LEDGER
    with snapshot(source.database, ledger) as connection:
        if scope is Scope.ALL:
            spoken_of = [*all_bytes(connection)]
        else:
            spoken_of = [*owed_bytes(connection, source.committing)]
    size, digest = ledger.stat().st_size, digest_of(ledger)
    done = _Round([Entry(name=LEDGER, size=size, sha256=digest)])
    sizes = dict(_sizes(source, spoken_of, done.gone))
    _see_that_it_fits(part, earlier, sizes)
    total, so_far = sum(sizes.values()), 0
    for path, size in sizes.items():
        name = path.relative_to(source.data).as_posix()
        try:
            done.entries.append(copied_or_linked(path, part, name, earlier))
        except FileNotFoundError:
            done.gone.append(name)
        so_far += size
        tell(so_far, total)
    return done


def _sizes(
    source: Source, spoken_of: Sequence[Bytes], gone: list[str]
) -> Iterator[tuple[Path, int]]:
    """Yield the files of those bytes and their sizes; the names of others go to `gone`."""
    for one in spoken_of if source.spools is not None else ():
        path = (source.spools or {})[one.spool].path(one.sop_instance_uid, one.version)
        try:
            yield path, path.stat().st_size
        except FileNotFoundError:
            gone.append(path.relative_to(source.data).as_posix())


def _see_that_it_fits(part: Path, earlier: Earlier, sizes: Mapping[Path, int]) -> None:
    known = {name.rsplit("/", 1)[-1] for name in earlier.entries}
    with disk_errors(part):
        here = {path.name for path in part.rglob("*.dcm")}
        free = shutil.disk_usage(part).free
    needed = sum(size for path, size in sizes.items() if path.name not in known | here)
    if needed > free:
        raise SpoolFullError(
            f"no room on the disk of {part.parent}: {needed / 1e6:.0f} MB are to be copied, and "
            f"{free / 1e6:.0f} MB are free"
        )


def _remove_others(part: Path, names: Collection[str]) -> None:
    """Remove what a backup that was broken off left and this one does not name."""
    with disk_errors(part):
        for path in _files(part.rglob("*")):
            if path.relative_to(part).as_posix() not in names:
                path.unlink()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.is_file())
