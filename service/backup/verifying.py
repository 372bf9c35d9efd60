"""Whether a backup is whole."""

from pathlib import Path

from service.backup.copies import is_same
from service.backup.manifest import Manifest, read_manifest
from service.backup.taking import LEDGER, Backup, Tell
from service.errors import BadConfigurationError
from service.ledger.schema import must_know
from service.ledger.snapshot import check_snapshot


def verified(path: Path, tell: Tell) -> Backup:
    """Return the backup in that folder, each of its bytes looked at.

    Raises:
        BadConfigurationError: if it is not whole, or a newer release made it.
    """
    manifest = read_manifest(path)
    must_know(manifest.schema_version, f"the ledger in {path}")
    broken = _broken(path, manifest, tell)
    if broken:
        raise BadConfigurationError(
            f"{path} is broken: {len(broken)} of {len(manifest.files)} files are not what they "
            f"were, as {broken[0]}; take another backup"
        )
    check_snapshot(manifest.ledger, path / LEDGER)
    return Backup(path, manifest)


def _broken(path: Path, manifest: Manifest, tell: Tell) -> list[str]:
    broken, so_far = [], 0
    if LEDGER not in {entry.name for entry in manifest.files}:
        broken.append(LEDGER)
    for entry in manifest.files:
        if not is_same(path / entry.name, entry):
            broken.append(entry.name)
        so_far += entry.size
        tell(so_far, manifest.size)
    return broken
