"""Who we are to a web service: files that hold secrets, read when they are needed."""

from base64 import b64encode
from pathlib import Path

from service.secret import read_secret


def bearer(token: Path) -> str:
    """Return the header Authorization of the token in that file.

    Raises:
        BadConfigurationError: if it cannot be read, or holds none.
    """
    return f"Bearer {read_secret(token)}"


def basic(user: str, password: Path) -> str:
    """Return the header Authorization of that user with the password in that file.

    Raises:
        BadConfigurationError: if it cannot be read, or holds none.
    """
    return f"Basic {b64encode(f'{user}:{read_secret(password)}'.encode()).decode()}"
