"""Who we are to a web service: files that hold secrets, read when they are needed."""

from base64 import b64encode
from pathlib import Path

from service.errors import BadConfigurationError


def bearer(token: Path) -> str:
    """Return the header Authorization of the token in that file.

    Raises:
        BadConfigurationError: if it cannot be read, or holds none.
    """
    return f"Bearer {_secret(token)}"


def basic(user: str, password: Path) -> str:
    """Return the header Authorization of that user with the password in that file.

    Raises:
        BadConfigurationError: if it cannot be read, or holds none.
    """
    return f"Basic {b64encode(f'{user}:{_secret(password)}'.encode()).decode()}"


def _secret(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadConfigurationError(f"{path}: not UTF-8") from None
    if not secret or not secret.isprintable():
        raise BadConfigurationError(f"{path}: one line with the secret is expected there")
    return secret
