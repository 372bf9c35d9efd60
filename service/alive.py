"""A file that is touched as long as the process goes round: what containers are asked by."""

from dataclasses import dataclass
from pathlib import Path

from service.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class AliveFile:
    """Its age tells whether the process still works; without a path nobody asks."""

    path: Path | None = None

    def touch(self) -> None:
        """Say that all is well now.

        Raises:
            UnavailableError: if the file cannot be written.
        """
        if self.path is None:
            return
        try:
            self.path.touch()
        except OSError as error:
            raise UnavailableError(
                f"cannot touch {self.path}, set as health.alive_file: {error.strerror}"
            ) from error
