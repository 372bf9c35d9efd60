"""The clinic's routes as the console looks at them: the file, what is in force, what is wrong."""

import hashlib
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from time import monotonic, sleep

from service.errors import RefusedError, UnavailableError
from service.router.contradictions import OwnDoor
from service.router.examining import Examined, Remark, examine
from service.router.judge import Judge
from service.router.oddities import oddities
from service.router.routes import Routes
from service.router.routes_file import read_text
from service.router.sight import Headers

LONGEST = 50_000
"""Characters of a file of routes."""
LONGEST_S, PAUSE_S = 10.0, 0.01
"""For another console that changes the file."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a text of routes that a person should know, and where."""

    line: int
    column: int
    key: str
    """Empty where it is the text as such."""
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Whether a text of routes is right."""

    right: bool
    routes: int
    """How many there are, if it is right."""
    destinations: int
    mistakes: Sequence[Finding]
    warnings: Sequence[Finding]
    """What is right, but hardly meant."""


@dataclass(frozen=True)
class RoutesDesk:
    """What is needed to look at routes, and to change them."""

    path: Path
    pipelines: Collection[str]
    """The names that routes may use."""
    own: OwnDoor
    received: Headers
    judge: Callable[[Routes], Judge]
    versions_kept: int
    _changing: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Let no other console change the file meanwhile, of this process or of another.

        Raises:
            UnavailableError: another one is at it, and does not end.
        """
        with self._changing, locked(self.path.resolve().parent):
            yield

    def on_disk(self) -> str:
        """Return the text of the file, nothing where there is none.

        Raises:
            BadConfigurationError: if it cannot be read.
        """
        return read_text(self.path) if self.path.exists() else ""

    def examined(self, text: str) -> Examined:
        """Return whether `text` could be put into force here."""
        return examine(text, self.pipelines, self.own)

    def findings(self, text: str) -> Findings:
        """Return all that is wrong in `text`, or hardly meant."""
        examined = self.examined(text)
        routes = examined.routes
        return Findings(
            routes is not None,
            len(routes.routes) if routes is not None else 0,
            len(routes.destinations) if routes is not None else 0,
            _in_order(examined.mistakes),
            _in_order(oddities(text)),
        )

    def judge_by(self, text: str) -> Judge:
        """Return what judges by the routes in `text`.

        Raises:
            RefusedError: if it has mistakes.
        """
        examined = self.examined(text)
        if examined.routes is None:
            (first, *_) = _in_order(examined.mistakes)
            raise RefusedError(f"line {first.line}, column {first.column}: {first.reason}")
        return self.judge(examined.routes)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, as far as its file system has any.

    Raises:
        UnavailableError: somebody else holds it for too long.
    """
    with ExitStack() as held:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            held.callback(os.close, descriptor)
            _lock(descriptor, folder)
        yield


def _lock(descriptor: int, folder: Path) -> None:
    until = monotonic() + LONGEST_S
    while monotonic() < until:
        with suppress(BlockingIOError):
            flock(descriptor, LOCK_EX | LOCK_NB)
            return
        sleep(PAUSE_S)
    raise UnavailableError(f"somebody else changes {folder}, and does not end: try again")


def digest_of(text: str) -> str:
    """Return what tells a text of routes from another, as the history shows it."""
    return hashlib.sha256(text.encode()).hexdigest()


def checked_text(text: str) -> str:
    """Return `text` with lines that end as they do on the disk.

    Raises:
        RefusedError: if it is too long, or no text.
    """
    if len(text) > LONGEST:
        raise RefusedError(f"a file of routes has at most {LONGEST:,} characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RefusedError("it holds a character that is none") from None
    if "\0" in text:
        raise RefusedError("it holds a character that is none: NUL")
    return text.replace("\r\n", "\n")


def _in_order(remarks: Sequence[Remark]) -> list[Finding]:
    return [
        Finding(one.place.line, one.place.column, one.key, one.reason)
        for one in sorted(remarks, key=lambda one: one.place)
    ]
