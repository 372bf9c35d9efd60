"""Parts of a report: each is made once, kept, and made anew when what it is of changes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

import engines
import pipelines
import service

FOLDER = "parts"

DRAWN = ("enlarging", "regions", "saving")
"""Pictures that are drawn while something is measured."""

CODE = (
    (engines, ("*.py", "evaluation/**/*.py", "cad/*.py", "backends/**/*.py", "compile/*.py")),
    (engines, ("training/lesions.py", "training/regions.py", "training/films.py")),
    (pipelines, ("quality/*.py",)),
    (service, ("cli/evaluate/*.py", "cli/evaluate/everything/measures/*.py")),
    (service, tuple(f"cli/evaluate/everything/figures/{name}.py" for name in DRAWN)),
)
"""What the figures of a part depend on, beside its models and its data."""

Outcome = TypeVar("Outcome")
Watch = Callable[[], None]
"""Called after each of a part's steps."""


@dataclass(frozen=True, slots=True)
class Part(Generic[Outcome]):
    """Something that is measured: its name, of what, in how many steps, and how.

    `of` names what the outcome depends on: digests of weights and files. `outcome` is its type;
    `files` are what it leaves beside that.
    """

    name: str
    of: tuple[str, ...]
    steps: int
    outcome: type[Outcome]
    make: Callable[[Watch], Outcome]
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that cannot be measured here: what, why, and what to do about it."""

    name: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that could have been measured, but went wrong."""

    name: str
    reason: str


class Kept(BaseModel):
    """A part as it is kept: of what, when it was made, how long that took, and what came of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")

    name: str
    digest: str
    made: datetime
    seconds: float
    machine: str
    outcome: Any


@dataclass(frozen=True, slots=True)
class Done(Generic[Outcome]):
    """A part that was made, now or before: when, how long it took, and with what."""

    name: str
    made: datetime
    seconds: float
    machine: str
    outcome: Outcome
    is_new: bool


class Keeper:
    """Keeps parts in a folder."""

    def __init__(self, folder: Path, clock: Callable[[], datetime], machine: str) -> None:
        self._folder = folder / FOLDER
        self._clock = clock
        self._machine = machine

    def done(self, part: Part[Outcome], watch: Watch) -> Done[Outcome]:
        """Return the part as it is kept, or made now and then kept.

        Raises:
            OSError: it cannot be written.
        """
        digest = digest_of([part.name, *part.of, code()])
        return self._kept(part, digest) or self._made(part, digest, watch)

    def _made(self, part: Part[Outcome], digest: str, watch: Watch) -> Done[Outcome]:
        begun = self._clock()
        outcome = part.make(watch)
        made = self._clock()
        kept = Kept(
            name=part.name,
            digest=digest,
            made=made,
            seconds=(made - begun).total_seconds(),
            machine=self._machine,
            outcome=outcome,
        )
        path = self._path(part)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, kept.model_dump_json(indent=1))
        return _done(kept, outcome, is_new=True)

    def _kept(self, part: Part[Outcome], digest: str) -> Done[Outcome] | None:
        try:
            kept = Kept.model_validate_json(self._path(part).read_bytes())
            if kept.digest != digest or not all(path.exists() for path in part.files):
                return None
            outcome = TypeAdapter(part.outcome).validate_python(kept.outcome)
        except (OSError, ValidationError):  # not there, or not from here
            return None
        return _done(kept, outcome, is_new=False)

    def _path(self, part: Part[Outcome]) -> Path:
        return self._folder / f"{part.name.replace(' ', '-').replace(',', '')}.json"


def _done(kept: Kept, outcome: Outcome, *, is_new: bool) -> Done[Outcome]:
    return Done(kept.name, kept.made, kept.seconds, kept.machine, outcome, is_new)


def replace_text(path: Path, text: str) -> None:
    """Write a file that is whole or as it was."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def digest_of(words: Iterable[str]) -> str:
    """Return a digest of `words`."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """Return a digest of what is in a file."""
    known = path.stat()
    return _digest_of_file(path, known.st_mtime_ns, known.st_size)


@cache
def _digest_of_file(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests_of(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return the name and the digest of what is in each file."""
    return tuple(f"{path.name} {digest_of_file(path)}" for path in paths)


@cache
def code() -> str:
    """Return a digest of the code that the figures come from."""
    return digest_of(f"{path.name} {digest_of_file(path)}" for path in sorted(_sources()))


def _sources() -> Iterator[Path]:
    for package, patterns in CODE:
        for pattern in patterns:
            yield from Path(next(iter(package.__path__))).glob(pattern)
