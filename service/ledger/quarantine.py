"""Refused files, kept for people to look at, each with the reason beside it."""

import hashlib
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from service.ledger.disk import disk_errors, modified, size_of
from service.ledger.uids import is_uid

QUARANTINED = 200
"""Refused files that are kept for people to look at; beyond that the oldest goes."""
QUARANTINED_BYTES = 1_024_000_000
"""Likewise, if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A folder of refused files, of at most so many bytes: the oldest go."""

    folder: Path
    most: int = QUARANTINED_BYTES

    def put(self, temporary: Path, name: str, reason: str) -> Path:
        """Put a file that was refused where people can look at it, with the reason beside it."""
        digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()
        path = self.folder / f"{name if is_uid(name) else digest[:16]}.dcm"
        with disk_errors(self.folder.parent):
            path.with_suffix(".txt").write_text(f"{reason}\n", encoding="utf-8")
            temporary.replace(path)
            for old in self._too_many():
                old.unlink(missing_ok=True)
                old.with_suffix(".txt").unlink(missing_ok=True)
        return path

    def files(self) -> list[tuple[Path, str]]:
        """Return the files that were refused, each with the reason, the newest first.

        Raises:
            UnavailableError: if the disk fails.
        """
        with disk_errors(self.folder.parent):
            newest = sorted(self.folder.glob("*.dcm"), key=modified, reverse=True)
            return [(path, _reason(path)) for path in newest]

    def _too_many(self) -> list[Path]:
        """Return the refused files for which there is no room, the oldest ones."""
        newest = sorted(self.folder.glob("*.dcm"), key=modified, reverse=True)
        sums = accumulate(size_of(path) for path in newest)
        return [
            path
            for number, (path, size) in enumerate(zip(newest, sums, strict=True))
            if number >= QUARANTINED or size > self.most
        ]


def _reason(path: Path) -> str:
    try:
        return path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
