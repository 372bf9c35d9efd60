"""SQLite's file, which must stay the one that it was.

A file that is removed goes on to be written to by who has it open: what a node acknowledged
meanwhile would be gone when it stops. Who opens it then makes an empty one, and SQLite throws away
the log beside it, in which the last rows are.
"""

import os
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
        seen = _seen(self._path)
        return seen and (seen.st_dev, seen.st_ino)

    def _is_orphaned(self) -> bool:
        log, own = _seen(self._log), _seen(self._path)
        return log is not None and log.st_size > 0 and (own is None or own.st_size == 0)


def _seen(path: Path) -> os.stat_result | None:
    """Return what the system says of a file, None where there is none."""
    try:
        return path.stat()
    except OSError:
        return None
