"""What a backup holds, as it says itself; a backup without a whole manifest is none."""

import hashlib
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from service.errors import BadConfigurationError
from service.ledger.disk import disk_errors, sync_path
from service.ledger.snapshot import LedgerKind

MANIFEST, DIGEST = "manifest.json", "manifest.sha256"


class Scope(StrEnum):
    """Which bytes of the spool a backup holds."""

    OWED = "owed"
    """Those of which something is to come."""
    ALL = "all"


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Written):
    """One file of a backup."""

    name: str
    """Relative to the backup, with slashes."""
    size: int
    sha256: str

    @field_validator("name")
    @classmethod
    def _stays_inside(cls, name: str) -> str:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or {"..", "."} & set(parts) or "\0" in name:
            raise ValueError("leads out of the backup")
        return name


class Manifest(_Written):
    """What a backup holds."""

    format: Literal[1] = 1
    senoscope: str
    made_at: datetime
    ledger: LedgerKind
    schema_version: str
    scope: Scope
    in_bucket: bool
    """Whether images and results lie in a bucket, and so not in the backup."""
    missing: tuple[str, ...] = ()
    """What the ledger says is here, and was not."""
    files: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(entry.size for entry in self.files)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it down, durably, and with it what shows that it is whole."""
    text = manifest.model_dump_json(indent=1).encode()
    digest = hashlib.sha256(text).hexdigest().encode()
    with disk_errors(folder):
        for name, content in ((MANIFEST, text), (DIGEST, digest + b"\n")):
            path = folder / name
            path.write_bytes(content)
            path.chmod(0o600)
            sync_path(path)
        sync_path(folder)


def read_manifest(folder: Path) -> Manifest:
    """Return what that backup says it holds.

    Raises:
        BadConfigurationError: if it is none, its manifest is broken, or a newer release made it.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
        digest = (folder / DIGEST).read_text("ascii", "replace").strip()
    except OSError as error:
        told = f"{folder} is no backup: {MANIFEST} or {DIGEST}: {error.strerror}"
        raise BadConfigurationError(told) from None
    if hashlib.sha256(text).hexdigest() != digest:
        raise BadConfigurationError(f"{folder}: {MANIFEST} is broken: its sha256 is another")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        told = f"{folder}: {MANIFEST}: {key}: {first['msg']}; did a newer Senoscope make it?"
        raise BadConfigurationError(told) from None
