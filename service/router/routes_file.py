"""`routes.toml` on the disk: read, checked as a whole, and read again when it changes."""

import logging
import threading
import time
from collections.abc import Collection
from pathlib import Path

from service.errors import BadConfigurationError
from service.router.contradictions import OwnDoor
from service.router.examining import examine
from service.router.routes import Routes

logger = logging.getLogger(__name__)

SETTLED_S = 0.05
"""A file that was the same for so long is written; half a file may be right, and lose routes."""
LOOKS = 40
"""Then what stands there is read, written or not."""

__all__ = ["OwnDoor", "RoutesFile", "load_routes", "read_text"]


def load_routes(path: Path, pipelines: Collection[str], own: OwnDoor | None = None) -> Routes:
    """Return the routes in that file; `pipelines` are the names that they may use.

    Raises:
        BadConfigurationError: naming the file, the line, the key and the nearest that is known.
    """
    examined = examine(read_text(path), pipelines, own)
    if examined.routes is None:
        raise BadConfigurationError(examined.first_mistake(path))
    return examined.routes


def read_text(path: Path) -> str:
    """Return what is written in that file.

    Raises:
        BadConfigurationError: if it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadConfigurationError(f"{path}: not UTF-8") from None


class RoutesFile:
    """The routes in force: those on the disk, or the last that were good."""

    def __init__(self, path: Path, pipelines: Collection[str], own: OwnDoor | None = None) -> None:
        self.error = ""
        """Why what is on the disk now is not in force; empty if it is."""
        self._path = path
        self._pipelines = pipelines
        self._own = own
        self._lock = threading.Lock()
        self._seen = self._state()
        self._routes = load_routes(path, self._pipelines, own)

    @property
    def reload_ok(self) -> bool:
        """Whether the routes on the disk are in force."""
        return not self.error

    def current(self) -> Routes:
        """Return the routes in force, having looked whether the file changed."""
        with self._lock:
            if self._state() != self._seen:
                self._seen = self._settled()
                self._reload()
            return self._routes

    def _settled(self) -> tuple[int, ...]:
        """Return the file's state once nobody writes it any more."""
        state = self._state()
        for _ in range(LOOKS):
            before = state
            time.sleep(SETTLED_S)
            state = self._state()
            if state == before:
                break
        return state

    def _reload(self) -> None:
        try:
            self._routes = load_routes(self._path, self._pipelines, self._own)
        except BadConfigurationError as error:
            self.error = str(error)
            logger.error("the routes in force stay as they were: %s", error)  # noqa: TRY400
            return
        self.error = ""
        logger.info("%s was read again", self._path)

    def _state(self) -> tuple[int, ...]:
        """Return what changes when the file does."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
