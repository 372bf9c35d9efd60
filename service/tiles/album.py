"""Packed pictures in a folder that is bounded in bytes: each made once, the oldest go first."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from service.errors import RefusedError, SpoolFullError, UnavailableError
from service.ledger.disk import disk_errors, modified, size_of
from service.tiles.packed import Pack, bytes_of, opened, pack
from service.tiles.picture import Picture

AT_ONCE = 2
"""Pictures that are made at a time: a full field takes about half a gigabyte meanwhile."""
MOST_WAITING = 16
"""More are turned away."""
ENDING = ".tiles"


@dataclass(frozen=True, slots=True)
class Room:
    """What the folder may take, in bytes, and what of the disk is left free for others."""

    most: int
    least_free: int
    free: Callable[[], int]


class Album:
    """Pictures by name, each made by the first who asks for it; others wait for the same one.

    A file grows under another name and then gets its own: whoever dies on the way leaves nothing
    that anybody looks at. Nothing is kept over a start, `clear` begins anew: so nothing here needs
    to be synced.
    """

    def __init__(self, folder: Path, room: Room) -> None:
        self._folder = folder
        self._room = room
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="album")
        self._lock = threading.Lock()
        self._making: dict[str, Future[Pack]] = {}
        self._known: dict[str, Pack] = {}
        self._growing = 0
        """Bytes of what is being made."""

    def clear(self) -> None:
        """Remove all pictures.

        Raises:
            UnavailableError: the disk fails.
        """
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.iterdir():
                path.unlink(missing_ok=True)

    def sweep(self, before: float) -> None:
        """Remove the pictures that were last opened before that moment, in POSIX time.

        Raises:
            UnavailableError: the disk fails.
        """
        with disk_errors(self._folder):
            for path in self._folder.glob(f"*{ENDING}"):
                if modified(path) < before:
                    self.forget(path.name.removesuffix(ENDING))

    def look(self, name: str, make: Callable[[], Picture]) -> Future[Pack]:
        """Return the picture of that name, as soon as it is there.

        The future raises NodeError where it cannot be made.

        Raises:
            UnavailableError: too many wait already.
        """
        with self._lock:
            if name in self._making:
                return self._making[name]
            if len(self._making) >= MOST_WAITING:
                raise UnavailableError("too many images are being opened: try again in a moment")
            found = self._pool.submit(self._found, name, make)
            self._making[name] = found
        found.add_done_callback(partial(self._ended, name))
        return found

    def known(self, name: str) -> Pack | None:
        """Return the picture of that name if it is there."""
        found = self._known.get(name)
        return found if found is not None and found.path.exists() else None

    def forget(self, name: str) -> None:
        """Remove a picture."""
        self._known.pop(name, None)
        self._path(name).unlink(missing_ok=True)

    def _ended(self, name: str, _: Future[Pack]) -> None:
        with self._lock:
            self._making.pop(name, None)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{ENDING}"

    def _found(self, name: str, make: Callable[[], Picture]) -> Pack:
        """Return the picture, which nobody else in this process makes meanwhile."""
        path = self._path(name)
        if not path.exists():
            self._make(path, make())
        found = opened(path)
        with suppress(OSError):  # somebody removed it just now: then it is made again next time
            os.utime(path)
        self._known[name] = found
        return found

    def _make(self, path: Path, picture: Picture) -> None:
        needed = bytes_of(*picture.pixels.shape)
        part = self._folder / f"{uuid4().hex}.part"
        with self._lock:
            self._growing += needed
        try:
            self._make_room(self._growing)
            pack(picture, part)
            with disk_errors(self._folder):
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
            with self._lock:
                self._growing -= needed

    def _make_room(self, needed: int) -> None:
        """Remove the pictures that nobody opened for the longest time, as many as must go.

        Raises:
            RefusedError: there would not be enough room if all others went.
            SpoolFullError: the disk is too full, even then.
        """
        if needed > self._room.most:
            raise RefusedError("console.viewer_mb is too small for this image")
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            there = sorted(self._folder.glob(f"*{ENDING}"), key=modified)
        held = sum(map(size_of, there))
        while there and (held + needed > self._room.most or self._is_tight(needed)):
            oldest = there.pop(0)
            held -= size_of(oldest)
            self.forget(oldest.name.removesuffix(ENDING))
        if self._is_tight(needed):
            raise SpoolFullError("the disk is too full to show images")

    def _is_tight(self, needed: int) -> bool:
        return self._room.free() - needed < self._room.least_free
