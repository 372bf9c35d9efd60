"""Secrets that lie in files: read when they are needed, so that they can be changed meanwhile."""

import os
from pathlib import Path

from service.errors import BadConfigurationError

FOLDER = 0o700
"""The mode of a folder that its owner alone may look into."""


def read_secret(path: Path) -> str:
    """Return the one line in that file.

    Raises:
        BadConfigurationError: if it cannot be read, or holds none.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadConfigurationError(f"{path}: not UTF-8") from None
    if not secret or not secret.isprintable():
        raise BadConfigurationError(f"{path}: one line with the secret is expected there")
    return secret


def folder_for_us_alone(folder: Path) -> None:
    """Make that folder, its owner's alone; one that is there stays as it is."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)


def for_us_alone(path: str, flags: int) -> int:
    """Open a file that, if it is made, its owner alone may read: an opener for `open`."""
    return os.open(path, flags, mode=0o600)
