"""What each thread of a process is at, for whoever looks from outside: names of code, no values."""

import faulthandler
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import gethostname

from service.secret import folder_for_us_alone

STACKS = "stacks"
"""The folder of the data folder where each process writes them."""
_ANSWER_S, _LOOK_S = 3.0, 0.05


@contextmanager
def telling(data: Path) -> Iterator[None]:
    """Let this process write what its threads are at when it gets SIGUSR1, however stuck it is."""
    folder = data / STACKS
    folder_for_us_alone(data)
    folder.mkdir(exist_ok=True)
    for left in _ours(folder):
        if not _holds(left):
            left.unlink(missing_ok=True)
    path = folder / f"{gethostname()}-{os.getpid()}.txt"
    with path.open("w", encoding="utf-8") as file:
        faulthandler.register(signal.SIGUSR1, file=file)
        try:
            yield
        finally:
            faulthandler.unregister(signal.SIGUSR1)
            path.unlink(missing_ok=True)


def asked(data: Path) -> Mapping[str, str]:
    """Return what the threads of each process of this host are at, which told that it would say."""
    return {path.stem: _asked(path) for path in _ours(data / STACKS) if _holds(path)}


def _asked(path: Path) -> str:
    """Ask the process of that file; wait until it has written all."""
    before = seen = path.stat().st_size
    os.kill(_process(path), signal.SIGUSR1)
    until = time.monotonic() + _ANSWER_S
    while time.monotonic() < until:
        time.sleep(_LOOK_S)
        size = path.stat().st_size
        if size > before and size == seen:
            break
        seen = size
    with path.open(encoding="utf-8", errors="replace") as file:
        file.seek(before)
        return file.read().replace('"', "")


def _ours(folder: Path) -> Iterator[Path]:
    return folder.glob(f"{gethostname()}-*.txt")


def _process(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _holds(path: Path) -> bool:
    """Tell whether the process of that file has it open: no other may get that signal."""
    with suppress(OSError, ValueError):
        held = Path(f"/proc/{_process(path)}/fd").iterdir()
        return any(_is_same(one, path) for one in held)
    return False


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False
