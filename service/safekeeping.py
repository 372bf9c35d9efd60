"""Where backups meet the node of some settings."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service.backup import restoring
from service.backup.configuration import SITE_KEY, configuration, own_models
from service.backup.manifest import Scope
from service.backup.restoring import Place, Restored, restore
from service.backup.shelf import chosen, keep_newest
from service.backup.taking import Backup, Source, Tell, take
from service.backup.verifying import verified
from service.clock import now
from service.errors import BadConfigurationError, RefusedError
from service.ledger.bytes_owed import RECEIVED, RESULTS
from service.ledger.database import Database
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.lock import must_be_finished, sole_owner
from service.node import Role
from service.parts import Parts
from service.settings import config_place, find_config, load_settings
from service.version import VERSION


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made, and those that went for it."""

    backup: Backup
    outside: tuple[str, ...]
    removed: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Back:
    """A node that was made from a backup."""

    backup: Backup
    data: Path
    restored: Restored
    aside: Path | None
    """Where what was there before is now."""
    absent: int
    """Files that the ledger knew and that the backup does not hold."""


def back_up(config: Path | None, shelf: Path, scope: Scope, keep: int, tell: Tell) -> Taken:
    """Make a backup of that node in `shelf`, where the newest `keep` stay; 0: all of them.

    Raises:
        NodeError: see `take`.
    """
    source = _source(config)
    with closing(source.database):
        backup = take(source, shelf, scope, tell)
    outside = [e.name for e in backup.manifest.files if e.name.startswith("outside/")]
    removed = keep_newest(shelf, keep) if keep else ()
    return Taken(backup, tuple(outside), removed)


def verify(path: Path, tell: Tell) -> Backup:
    """Return the backup at `path`, or the newest in that folder, each of its bytes looked at.

    Raises:
        NodeError: if it is not whole, or there is none.
    """
    return verified(chosen(path), tell)


def bring_back(config: Path | None, path: Path, tell: Tell) -> Back:
    """Make the node of those settings from a backup; nothing may be there yet.

    Raises:
        NodeError: if something is, the backup is not whole, or the node runs.
    """
    backup = verify(path, tell)
    place = _place(config, backup)
    with closing(place.database), sole_owner(place.data, Role):
        restoring.must_be_free(place)
        return _brought_back(backup, place, None, tell)


def replace(config: Path | None, path: Path, tell: Tell) -> Back:
    """Likewise; what is there is moved aside first, or, in PostgreSQL, goes.

    Raises:
        NodeError: if the backup is not whole, or the node runs.
    """
    backup = verify(path, tell)
    place = _place(config, backup)
    with closing(place.database), sole_owner(place.data, Role):
        aside = restoring.move_aside(place, now())
        return _brought_back(backup, place, aside, tell)


def _brought_back(backup: Backup, place: Place, aside: Path | None, tell: Tell) -> Back:
    restored = restore(backup, place, tell)
    with closing(open_ledger(_address(place), now)) as ledger:
        absent = 0 if place.in_bucket else ledger.mark_absent(_is_there(place))
    restoring.finish(place)
    return Back(backup, place.data, restored, aside, absent)


def _address(place: Place) -> str:
    return place.database.url.render_as_string(hide_password=False)


def _is_there(place: Place) -> Callable[[str, str, str], bool]:
    spools = {name: Spool(place.data / name) for name in (RECEIVED, RESULTS)}
    return lambda spool, uid, version: spools[spool].exists(uid, version)


def _source(config: Path | None) -> Source:
    parts = Parts(load_settings(config))
    settings = parts.settings
    must_be_finished(settings.data)
    spools: Mapping[str, Spool] | None = None
    if parts.bucket is None:
        spools = {RECEIVED: parts.received, RESULTS: parts.results}
    files = {**configuration(settings, find_config(config)), **own_models(settings)}
    if settings.site_key_path.is_file():
        files[SITE_KEY] = settings.site_key_path
    return Source(
        database=Database(settings.ledger_url),
        data=settings.data,
        spools=spools,
        files=files,
        committing=_committing(parts),
        version=VERSION,
        now=now,
    )


def _committing(parts: Parts) -> Collection[str]:
    try:
        return parts.committing()
    except BadConfigurationError:  # broken routes shall not keep a node from being saved
        return ()


def _place(config: Path | None, backup: Backup) -> Place:
    """Return where that node is to be; its settings are put back where they are lost."""
    named = config_place(config)
    restoring.put_back_settings(backup.path, named)
    settings = load_settings(named if named.is_file() else None)
    if backup.path.resolve().is_relative_to(settings.data.resolve()):
        raise RefusedError(f"{backup.path} lies in {settings.data}: move it elsewhere first")
    return Place(
        base=settings.base,
        data=settings.data,
        site_key=settings.site_key_path,
        models=settings.own_shelf,
        database=Database(settings.ledger_url),
        in_bucket=bool(settings.spool.url),
    )
