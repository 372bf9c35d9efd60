"""What must hold for the node to take work, and how it is asked."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from service.errors import NodeError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold for the node to take work."""

    name: str
    ok: bool
    detail: str


Checks = Mapping[str, Callable[[], Check]]


def run_checks(checks: Checks) -> Sequence[Check]:
    """Return what each of `checks` found; one that cannot be made has failed.

    They are made at once: several may wait for the same that is away.
    """
    with ThreadPoolExecutor(max(1, len(checks))) as pool:
        return [*pool.map(made, checks.keys(), checks.values())]


def made(name: str, check: Callable[[], Check]) -> Check:
    """Return what `check` found, or why it could not be made."""
    try:
        return check()
    except NodeError as error:
        return Check(name, ok=False, detail=str(error))


def tried(name: str, deed: Callable[[], None], fine: str) -> Check:
    """Return whether `deed` can be done: `fine` says so, or what it raises why not."""
    try:
        deed()
    except NodeError as error:
        return Check(name, ok=False, detail=str(error))
    return Check(name, ok=True, detail=fine)
