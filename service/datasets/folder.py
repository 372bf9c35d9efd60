"""The folder of a prepared set: whole files only, and a journal of what is done."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

JOURNAL, LOCK, PART = "prepared.jsonl", ".preparing.lock", ".part"
Rows = dict[str, list[dict[str, str]]]
"""By the name of the table they are of."""


class Entry(BaseModel):
    """What was made of one item, and of what it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    recipe: str
    """Tells this way of making it from another."""
    stamp: str
    """Tells what it was made of from anything else."""
    files: dict[str, int]
    """Path below the folder, and its size."""
    rows: Rows
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetFolder:
    """A folder that a set is prepared in."""

    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder to this process, and clear it of what a killed one left half-written.

        Raises:
            OSError: the folder cannot be written.
            ValueError: another process prepares it, or it holds what was not prepared here.
        """
        if not (self.path / JOURNAL).exists() and (self.path / "labels.csv").exists():
            raise ValueError(
                f"{self.path}: its labels.csv was not made by this command; name another --out"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{self.path}: another process prepares it; wait for it") from None
            for left in self.path.rglob(f"*{PART}"):
                left.unlink()
            yield

    def write(self, name: str, held: bytes) -> None:
        """Write a file below the folder: whole, or not at all.

        Raises:
            OSError: it cannot be written.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}{PART}")
        with part.open("wb") as file:
            file.write(held)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def remember(self, entry: Entry) -> None:
        """Write down what was made, after it was.

        Raises:
            OSError: it cannot be written.
        """
        with (self.path / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(f"\n{entry.model_dump_json()}\n")  # whatever a killed run left before it
            file.flush()
            os.fsync(file.fileno())

    def remembered(self, recipe: str) -> Mapping[str, Entry]:
        """Return what was last made of each item by `recipe`, where all of it is still there."""
        journal = self.path / JOURNAL
        if not journal.exists():
            return {}
        lines = journal.read_text(encoding="utf-8", errors="replace").splitlines()
        entries = {one.key: one for line in lines if line and (one := _entry(line))}
        return {
            key: one
            for key, one in entries.items()
            if one.recipe == recipe and all(map(self._is_whole, one.files, one.files.values()))
        }

    def _is_whole(self, name: str, size: int) -> bool:
        path = self.path / name
        return path.is_file() and path.stat().st_size == size


def _entry(line: str) -> Entry | None:
    """Return what a line of the journal says, nothing of one that was cut off."""
    try:
        return Entry.model_validate_json(line)
    except ValidationError:
        return None
