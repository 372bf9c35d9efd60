"""Who holds a job: a process, named so that others can tell whether it is gone."""

import os
import socket
from functools import cache
from pathlib import Path

PROC = Path("/proc")


def this_process() -> str:
    """Return the name of this process: its place, its number and, against reuse, its start."""
    return f"{_place()}:{os.getpid()}:{_started(os.getpid())}"


def is_process(owner: str, pid: int) -> bool:
    """Tell whether `owner` is or was the process of that number in this place."""
    return owner.rpartition(":")[0] == f"{_place()}:{pid}"


def is_gone(owner: str) -> bool:
    """Tell whether that process was of this place and is no more; False where it cannot be told."""
    place, _, rest = owner.rpartition(":")
    place, _, pid = place.rpartition(":")
    return place == _place() and pid.isdecimal() and _started(int(pid)) != rest


@cache
def _place() -> str:
    """Return what must be equal for process numbers to mean the same: host, boot and container."""
    boot, container = PROC / "sys/kernel/random/boot_id", PROC / "self/ns/pid"
    known = boot.exists() and container.is_symlink()
    where = f"{boot.read_text().strip()}:{container.readlink()}" if known else "somewhere"
    return f"{socket.gethostname()}:{where}"


def _started(pid: int) -> str:
    """Return when that process started, in clock ticks after boot; empty if there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    after_name = stat.rpartition(")")[2].split()
    is_zombie = after_name[0] == "Z"
    return "" if is_zombie else after_name[19]  # proc(5): fields 3 and 22
