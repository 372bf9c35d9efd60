"""The chapters of the report: what each needs measured, and what it says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.cli.evaluate.everything.parts import Done, Failed, Missing, Part
from service.cli.evaluate.everything.tables import Section


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured of the parts of a chapter, and what was not.

    `every` are the parts of all chapters.
    """

    done: Sequence[Done[Any]]
    missing: Sequence[Missing]
    failed: Sequence[Failed]
    folder: Path
    every: Sequence[Done[Any]] = ()

    def of(self, kind: type) -> list[Done[Any]]:
        """Return those of the chapter whose outcome is of that kind."""
        return [one for one in self.done if isinstance(one.outcome, kind)]

    def of_all(self, kind: type) -> list[Done[Any]]:
        """Return those of all chapters whose outcome is of that kind."""
        return [one for one in self.every if isinstance(one.outcome, kind)]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its title, the parts it needs or what stands in their way, and what it says."""

    title: str
    parts: Sequence[Part[Any] | Missing]
    tell: Callable[[Results], Section]
