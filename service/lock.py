"""One process a role, where only one host can be meant."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from service.errors import UnavailableError
from service.secret import folder_for_us_alone

UNFINISHED = "restore.unfinished"
"""In a data folder: what is there is half of a backup."""


def must_be_finished(folder: Path) -> None:
    """See that no restore into `folder` was broken off.

    Raises:
        UnavailableError: if one was.
    """
    if (folder / UNFINISHED).exists():
        raise UnavailableError(
            f"a restore into {folder} is not finished: run `senoscope restore` again"
        )


@contextmanager
def sole_owner(folder: Path, roles: Iterable[str]) -> Iterator[None]:
    """Hold those roles of the node in `folder`; the kernel lets go however the process ends.

    Raises:
        UnavailableError: if another process does one of them.
    """
    folder_for_us_alone(folder)
    with ExitStack() as held:
        for role in sorted(roles):
            held.enter_context(_held(folder, role))
        yield


@contextmanager
def _held(folder: Path, role: str) -> Iterator[None]:
    with (folder / f"serve-{role}.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UnavailableError(
                f"{folder} is in use by another `senoscope serve` (process {file.read().strip()}, "
                f"which is its {role}); stop that one, or name other roles with --role"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
