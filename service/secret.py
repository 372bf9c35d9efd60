"""Secrets that lie in files: read when they are needed, so that they can be changed meanwhile."""

from pathlib import Path

from service.errors import BadConfigurationError


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
