"""Room for plans: those that were not used for longest give way."""

import logging
from dataclasses import dataclass
from pathlib import Path

from engines.plans.files import held_if_free

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Occupant:
    """A plan, when it was last used, in nanoseconds, and its bytes."""

    path: Path
    used_at: int
    size: int


def make_room(folder: Path, limit: int, kept: Path) -> None:
    """Remove what was left half-written, and the oldest plans over `limit` bytes; never `kept`."""
    for part in folder.glob("*/*/*.part"):
        _remove_if_free(part)
    plans = _occupants(folder)
    excess = sum(plan.size for plan in plans) - limit
    for plan in plans:
        if excess > 0 and plan.path != kept and _remove_if_free(plan.path):
            logger.info("%s gave way: the plans were over %d bytes", plan.path, limit)
            excess -= plan.size


def remove(path: Path) -> None:
    """Remove a plan or half of one; its manifest first, for without it no plan is loaded."""
    if path.suffix == ".plan":
        path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _occupants(folder: Path) -> list[Occupant]:
    """Return the plans, the one not used for longest first."""
    found = []
    for path in folder.glob("*/*/*.plan"):
        try:
            known = path.stat()
        except FileNotFoundError:  # it gave way to another's meanwhile
            continue
        found.append(Occupant(path, known.st_mtime_ns, known.st_size))
    return sorted(found, key=lambda plan: plan.used_at)


def _remove_if_free(path: Path) -> bool:
    """Remove a plan or half of one, unless somebody is at work on it; return whether it is gone."""
    lock = path.with_name(f"{path.name.split('.', 1)[0]}.lock")
    with held_if_free(lock) as is_held:
        if is_held:
            remove(path)
        return is_held
