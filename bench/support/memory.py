"""What memory processes and their children take, and whether that grows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import psutil
from scipy import stats

FEWEST = 6
"""Looks: fewer do not tell how sure a slope is."""


class Memory:
    """Looks at processes, by name, now and then."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._seen: dict[int, dict[str, float]] = {}

    def look(self, done: int) -> None:
        """Note what each takes when so much was done, in place of an earlier look at as much."""
        seen: dict[str, float] = {}
        for name, pid in self._pids.items():
            parent = psutil.Process(pid)
            seen[name] = _own_mb(parent)
            seen[f"{name}'s children"] = mb_of(parent.children(recursive=True))
        self._seen[done] = seen

    @property
    def done(self) -> list[int]:
        """How much was done at each look."""
        return [*self._seen]

    @property
    def found(self) -> dict[str, list[float]]:
        """MB at each look, of each process and, where it had any, of all its children."""
        looks = [*self._seen.values()]
        found = {name: [round(look[name], 2) for look in looks] for name in looks[0]}
        return {name: mb for name, mb in found.items() if any(mb)}

    def slopes(self, since: float) -> "Sequence[Slope]":
        """Return how the memory of each went from `since` on."""
        done = np.array(self.done)
        late = done >= since
        return [slope(name, done[late], np.array(mb)[late]) for name, mb in self.found.items()]


@dataclass(frozen=True, slots=True)
class Slope:
    """How the memory of a process went while things were done."""

    name: str
    last_mb: float
    per_1000: float | None
    """MB that came with each 1,000 that were done; None of a single look."""
    error: float | None
    """The standard error of that; None of fewer looks than tell it."""

    def row(self) -> Mapping[str, object]:
        """Return it as a row of a table."""
        return {
            "service": self.name,
            "MB at the end": round(self.last_mb, 1),
            "MB more per 1,000 studies": _rounded(self.per_1000),
            "standard error": _rounded(self.error),
        }


def slope(name: str, done: np.ndarray, mb: np.ndarray) -> Slope:
    """Return how `mb` went with what was done.

    The error takes into account that what is seen is like what was seen just before, as in an
    autoregression of first order: so many fewer independent looks there were.
    """
    last = float(mb[-1])
    if len(done) == 1:
        return Slope(name, last, None, None)
    line = stats.linregress(done, mb)
    if len(done) < FEWEST:
        return Slope(name, last, 1000 * float(line.slope), None)
    rest = mb - line.intercept - line.slope * done
    alike = max(0.0, float(np.corrcoef(rest[:-1], rest[1:])[0, 1])) if np.ptp(rest) else 0.0
    wider = np.sqrt((1 + alike) / (1 - alike))
    return Slope(name, last, 1000 * float(line.slope), 1000 * float(line.stderr * wider))


def mb_of(processes: Iterable[psutil.Process]) -> float:
    """Return what those take that have not ended meanwhile."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += _own_mb(process)
    return total


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _own_mb(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 1e6
