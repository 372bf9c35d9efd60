"""SQLite's file, which must stay the one that it was.

A file that is removed goes on to be written to by who has it open: what a node acknowledged
meanwhile would be gone when it stops.
"""

from pathlib import Path

from service.errors import UnavailableError


class SameFile:
    """A file that must neither be removed nor replaced while it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """See that it is the one that it was when it was first there.

        Raises:
            UnavailableError: if it is not; once it is back all is well.
        """
        found = self._found()
        if self._known is None:
            self._known = found
        elif found != self._known:
            raise UnavailableError(
                f"ledger: {self._path} was removed or replaced while this node used it: "
                "put it back, or stop the node and restore a backup (docs/backup.md)"
            )

    def forget(self) -> None:
        """Take it as it will be found next."""
        self._known = None

    def _found(self) -> tuple[int, int] | None:
        try:
            seen = self._path.stat()
        except OSError:
            return None
        return seen.st_dev, seen.st_ino
