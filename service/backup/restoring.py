"""Making a node from a backup; what was broken off is gone on with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.backup.configuration import CONFIG, MODELS, OUTSIDE, SETTINGS, SITE_KEY
from service.backup.copies import copy, is_same
from service.backup.manifest import Entry
from service.backup.taking import LEDGER, Backup, Tell
from service.errors import BadConfigurationError, RefusedError
from service.ledger.bytes_owed import RECEIVED, RESULTS
from service.ledger.database import Database
from service.ledger.disk import disk_errors, make_folder, sync_path
from service.ledger.snapshot import is_empty, kind_of, load_snapshot
from service.lock import UNFINISHED
from service.secret import FOLDER

REPLACED = "replaced-"


@dataclass(frozen=True)
class Place:
    """Where a node is to be."""

    base: Path
    """The folder of the settings' file."""
    data: Path
    site_key: Path
    models: Path
    database: Database
    in_bucket: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of the files of a configuration, by their names in the backup."""

    kept: tuple[str, ...]
    """Another file is there under the name: it stays."""
    outside: tuple[str, ...]
    """It lay outside the folder of the settings: a person must put it back."""


def must_be_free(place: Place) -> None:
    """See that nothing is there that a restore would lose.

    Raises:
        RefusedError: if there is.
    """
    if (place.data / UNFINISHED).exists():
        return
    if _own(place.data):
        raise RefusedError(
            f"{place.data} is not empty: name another data_dir, or give --force, which moves what "
            f"is there to a folder {REPLACED}... in it"
        )
    if not is_empty(place.database):
        raise RefusedError(
            f"the ledger {place.database} is not empty: name another, or give --force, which "
            "replaces what is in it"
        )


def move_aside(place: Place, moment: datetime) -> Path | None:
    """Move what is in the data folder into one of its own in it; return it, None if it is empty."""
    own = _own(place.data)
    if not own or (place.data / UNFINISHED).exists():
        return None
    aside = place.data / f"{REPLACED}{moment:%Y%m%dT%H%M%SZ}"
    with disk_errors(place.data):
        aside.mkdir(mode=0o700)
        for path in own:
            path.rename(aside / path.name)
        sync_path(aside)
        sync_path(place.data)
    return aside


def restore(backup: Backup, place: Place, tell: Tell) -> Restored:
    """Put everything where it belongs, the ledger last; until then the node does not start.

    Raises:
        BadConfigurationError: if the settings name another kind of ledger, or another site key.
        UnavailableError: if ledger or disk fails; it may be run again.
    """
    _see_that_it_fits(backup, place)
    with disk_errors(place.data):
        make_folder(place.data, FOLDER)
        (place.data / UNFINISHED).touch()
        sync_path(place.data)
    so_far, kept = 0, []
    for entry in backup.manifest.files:
        target = _target(entry, place)
        if target is not None and not _put(backup.path / entry.name, target, entry):
            kept.append(entry.name)
        so_far += entry.size
        tell(so_far, backup.manifest.size)
    load_snapshot(place.database, backup.path / LEDGER)
    outside = [entry.name for entry in backup.manifest.files if _first(entry) == OUTSIDE]
    return Restored(tuple(kept), tuple(outside))


def finish(place: Place) -> None:
    """Let the node start."""
    with disk_errors(place.data):
        (place.data / UNFINISHED).unlink(missing_ok=True)
        sync_path(place.data)


def put_back_settings(backup: Path, config: Path) -> bool:
    """Put the settings' file back where there is none; return whether that was done."""
    source = backup / CONFIG / SETTINGS
    if config.exists() or not source.is_file():
        return False
    with disk_errors(config.parent):
        make_folder(config.parent)
    copy(source, config)
    return True


def _see_that_it_fits(backup: Backup, place: Place) -> None:
    manifest = backup.manifest
    kind = kind_of(place.database)
    if manifest.ledger != kind:
        raise BadConfigurationError(
            f"the ledger of {backup.path} is {manifest.ledger}, and the settings name {kind}: "
            "restore it with its own settings"
        )
    if manifest.in_bucket != place.in_bucket:
        where = "in a bucket" if manifest.in_bucket else "on the disk"
        raise BadConfigurationError(
            f"images and results of {backup.path} lay {where}: set spool.url as it was"
        )
    key = next((entry for entry in manifest.files if entry.name == SITE_KEY), None)
    if key is not None and place.site_key.exists() and not is_same(place.site_key, key):
        raise BadConfigurationError(
            f"{place.site_key} is another site key: results would get other UIDs; move it away"
        )


def _target(entry: Entry, place: Place) -> Path | None:
    """Return where that file belongs; None if it is put back otherwise, or by a person."""
    if entry.name == SITE_KEY:
        return place.site_key
    first, _, rest = entry.name.partition("/")
    if first in {RECEIVED, RESULTS}:
        return place.data / entry.name
    if first == MODELS:
        return place.models / rest
    if first == CONFIG and rest != SETTINGS:
        return place.base / rest
    return None


def _put(source: Path, target: Path, entry: Entry) -> bool:
    """Copy a file to where it belongs; return False if another is there, which stays."""
    if target.exists():
        return is_same(target, entry)
    with disk_errors(target.parent):
        make_folder(target.parent)
    copy(source, target)
    return True


def _first(entry: Entry) -> str:
    return entry.name.partition("/")[0]


def _own(data: Path) -> list[Path]:
    """Return what is in the data folder, but for locks and what earlier restores moved aside."""
    with disk_errors(data):
        found = [*data.iterdir()] if data.is_dir() else []
        return [
            path
            for path in found
            if not path.name.endswith(".lock")
            and not path.name.startswith(REPLACED)
            and path.name not in {UNFINISHED, "lost+found"}
        ]
