"""One reader's way through the cases: how it began, written down once."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from service.errors import BadConfigurationError, RefusedError
from service.ledger.disk import disk_errors
from service.reader_study.light_box import Which

SESSION = "session.json"
ANSWERS = "answers.jsonl"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")

Pairs = Sequence[tuple[Path, Path]]


class Session(BaseModel):
    """What was fixed when a reader began; `left` says what stood on the left, case by case.

    `keys` tell whether the cases are still the same: digests of the names and sizes of files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reader: str
    blinded: bool
    seed: int
    began: datetime
    keys: tuple[str, ...]
    left: tuple[Which, ...]

    def side(self, number: int, place: str) -> Which:
        """Return which picture of case `number` stands at that place, ``left`` or ``right``."""
        left = self.left[number - 1]
        return left if place == "left" else next(one for one in Which if one is not left)

    def turned(self, number: int, given: int) -> int:
        """Return a score of case `number` as if the original had stood on the left."""
        return given if self.left[number - 1] is Which.ORIGINAL else 6 - given


@dataclass(frozen=True, slots=True)
class Wish:
    """How a reader is to read; `seed` counts only where a session begins."""

    reader: str
    blinded: bool
    seed: int


def enter(folder: Path, pairs: Pairs, wish: Wish, began: datetime) -> Session:
    """Return the session of that reader in `folder`: one that goes on, or a new one.

    Raises:
        RefusedError: it began otherwise, or with other cases.
        UnavailableError: the disk fails.
    """
    if not _NAME.fullmatch(wish.reader):
        raise RefusedError(
            f"--reader {wish.reader!r}: up to 40 letters without accents, digits, dots, "
            "hyphens or underscores; it names a folder, and should name nobody"
        )
    path = folder / wish.reader / SESSION
    keys = tuple(_key(pair) for pair in pairs)
    if path.is_file():
        return _again(read_session(path), keys, wish)
    session = Session(
        reader=wish.reader,
        blinded=wish.blinded,
        seed=wish.seed,
        began=began,
        keys=keys,
        left=sides(len(pairs), wish.seed) if wish.blinded else (Which.ORIGINAL,) * len(pairs),
    )
    _write(path, session)
    return session


def read_session(path: Path) -> Session:
    """Return the session that is written there.

    Raises:
        BadConfigurationError: it cannot be read.
    """
    try:
        return Session.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadConfigurationError(f"{path}: cannot be read as a session") from error


def sides(cases: int, seed: int) -> tuple[Which, ...]:
    """Return what stands on the left of each case: by chance, and each as often as the other."""
    found = np.random.default_rng(seed).permutation(np.arange(cases) % len(Which))
    return tuple(tuple(Which)[int(one)] for one in found)


def _again(session: Session, keys: tuple[str, ...], wish: Wish) -> Session:
    if session.blinded != wish.blinded:
        began, say = ("blinded", "with") if session.blinded else ("not blinded", "without")
        raise RefusedError(f"{session.reader} began {began}: go on {say} --blinded")
    if session.keys != keys:
        raise RefusedError(
            f"{session.reader} began with other cases ({len(session.keys)}, here {len(keys)}), or "
            "their files were changed: give the same ones, or another --out"
        )
    return session


def _key(pair: tuple[Path, Path]) -> str:
    said = "|".join(f"{path.name} {path.stat().st_size}" for path in pair)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _write(path: Path, session: Session) -> None:
    """Write it so that it is there whole, or not at all, whatever happens."""
    part = path.with_name(f"{path.name}.part")
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(f"{session.model_dump_json(indent=2)}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
