"""Timing on a machine that others use too."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Timing:
    """One run: seconds, of processors too, and what others had of the machine (0..1)."""

    seconds: float
    processor_seconds: float
    foreign: float


def timed(run: Callable[[], object]) -> Timing:
    """Run it and return how long it took."""
    started, busy, own = time.perf_counter(), _busy(), _own()
    run()
    seconds = time.perf_counter() - started
    ours = _own() - own
    others = (_busy() - busy) - ours
    return Timing(seconds, ours, max(0.0, others / (seconds * (os.cpu_count() or 1))))


def _busy() -> float:
    """Return the seconds that all processors were busy, stolen time included (proc(5))."""
    user, nice, system, _idle, _wait, irq, softirq, steal, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
