"""The texts of routes that were in force, and how they differ."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.console.desk import Desk
from service.console.routes_desk import digest_of


@dataclass(frozen=True, slots=True)
class Version:
    """A text that came into force."""

    version: int
    in_force_at: datetime
    sha256: str
    lines: int
    on_disk: bool
    """Whether it is what is on the disk now."""


def versions(desk: Desk) -> Sequence[Version]:
    """Return those that are kept, the newest first."""
    now = digest_of(desk.routes.on_disk())
    return [
        Version(one.number, one.in_force_at, one.digest, one.text.count("\n"), one.digest == now)
        for one in desk.ledger.routes_versions()
    ]


def version_in_force(desk: Desk) -> int:
    """Return the number of the routes in force; 0 where they were not written down yet."""
    text = desk.sources.routes().text
    newest = next(iter(desk.ledger.routes_versions()), None)
    return newest.number if newest is not None and newest.digest == digest_of(text) else 0


def difference(before: str, after: str, names: tuple[str, str]) -> Sequence[str]:
    """Return what changed, line by line, as ``diff -u`` does; nothing where nothing did."""
    lines = before.splitlines(), after.splitlines()
    return [*difflib.unified_diff(*lines, *names, lineterm="")]
