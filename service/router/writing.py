"""Putting a text of `routes.toml` in the place of the one on the disk: wholly, or not at all."""

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from service.errors import BadConfigurationError, UnavailableError
from service.ledger.disk import sync_path
from service.router.contradictions import OwnDoor
from service.router.examining import examine
from service.router.routes import Routes


def write_routes(
    path: Path, text: str, pipelines: Collection[str], own: OwnDoor | None = None
) -> Routes:
    """Write `text` to the file at `path` if it is right, and return its routes.

    A node that runs takes them up when it looks at the file next.

    Raises:
        BadConfigurationError: if it is wrong; the file stays as it is.
        UnavailableError: if the file cannot be replaced.
    """
    examined = examine(text, pipelines, own)
    if examined.routes is None:
        raise BadConfigurationError(examined.first_mistake(path))
    there = path.resolve()  # a link stays one
    temporary = there.with_name(f".{there.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf-8", newline="")
        with suppress(FileNotFoundError):
            shutil.copymode(there, temporary)
        sync_path(temporary)
        temporary.replace(there)
        sync_path(there.parent)
    except OSError as error:
        raise UnavailableError(f"{path} cannot be replaced: {error.strerror}") from error
    finally:
        with suppress(OSError):  # a disk that can only be read says so even where nothing is
            temporary.unlink(missing_ok=True)
    return examined.routes
