"""The key that derived UIDs are made with."""

import os
import secrets
from pathlib import Path

from service.errors import BadConfigurationError, UnavailableError
from service.secret import folder_for_us_alone, for_us_alone

SITE_KEY_BYTES = 32


def read_or_make_key(path: Path) -> bytes:
    """Return the site key in that file; make it, durable and for us alone, if there is none.

    Raises:
        BadConfigurationError: if it is too short to be a key.
        UnavailableError: if it cannot be read or made.
    """
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise UnavailableError(f"cannot use the site key {path}: {error.strerror}") from error
    if len(key) < SITE_KEY_BYTES:
        raise BadConfigurationError(f"{path}: a site key has {SITE_KEY_BYTES} bytes or more")
    return key


def _make(path: Path) -> None:
    folder_for_us_alone(path.parent)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(part, "w", encoding="ascii", opener=for_us_alone) as file:
        file.write(secrets.token_hex(SITE_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    _link_unless_there(part, path)


def _link_unless_there(part: Path, path: Path) -> None:
    """Give the new file its name; the first of several processes wins."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()
