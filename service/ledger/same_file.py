"""SQLite's file, which must stay the one that it was.

A file that is removed goes on to be written to by who has it open: what a node acknowledged
meanwhile would be gone when it stops. Who opens it then makes an empty one, and SQLite throws away
the log beside it, in which the last rows are.
"""

from pathlib import Path

from service.errors import UnavailableError


class SameFile:
    """A file that must neither be removed nor make way for another one while it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """See that it is the one that it was when it was first there.

        Raises:
            UnavailableError: if it is not, or only its log is there; once it is back all is well.
        """
        found = self._found()
        if self._known is not None and found != self._known:
            raise UnavailableError(
                f"ledger: {self._path} was removed or replaced while this node used it: "
                "move it back, beside its -wal (docs/runbooks/SenoscopeLedgerDown.md)"
            )
        if self._known is None and self._is_orphaned():
            raise UnavailableError(
                f"ledger: {self._log} is there, but not {self._path.name}, whose last rows are in "
                "it: move it back (docs/runbooks/SenoscopeLedgerDown.md)"
            )
        self._known = found

    def forget(self) -> None:
        """Take it as it will be found next."""
        self._known = None

    def _found(self) -> tuple[int, int] | None:
        try:
            seen = self._path.stat()
        except OSError:
            return None
        return seen.st_dev, seen.st_ino

    def _is_orphaned(self) -> bool:
        return _size(self._log) > 0 and _size(self._path) == 0


def _size(path: Path) -> int:
    """Return how long a file is, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
