"""One node a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import UnavailableError


@contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process alone; the kernel lets go however the process ends.

    Raises:
        UnavailableError: if another node holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "serve.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UnavailableError(
                f"{folder} is in use by another `senoscope serve` (process {file.read().strip()})"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
