"""What must hold for the node to take work, and how it is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold for the node to take work."""

    name: str
    ok: bool
    detail: str


Checks = Mapping[str, Callable[[], Check]]


def run_checks(checks: Checks) -> Sequence[Check]:
    """Return what each of `checks` found."""
    return [check() for check in checks.values()]
