"""A grid of recipes, each tried, and a table of what they came to."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.cli.options import console, print_json, print_table
from service.cli.train.asked import Asked, stated
from service.cli.train.learning import Outcome, trained
from service.errors import RefusedError, WrongUsageError

if TYPE_CHECKING:
    from engines.training.recipe import Recipe

GRID = "grid.csv"


@dataclass(frozen=True, slots=True)
class Tried:
    """One combination of a grid and what it came to."""

    combination: Mapping[str, Any]
    outcome: Outcome

    @property
    def worth(self) -> float:
        """The figure that chose the epoch."""
        return self.outcome.figures[self.outcome.figure]


def search(asked: Asked, grid: Path | None) -> None:
    """Train by every combination of the grid, each in a folder of its own, best first in the end.

    One that is there already is gone on with: a search that was left is taken up by asking again.

    Raises:
        WrongUsageError: there is no grid, or it is none.
        RefusedError: scikit-learn, of the extra `train`, is not installed.
    """
    try:
        from sklearn.model_selection import ParameterGrid  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RefusedError(f"a grid needs senoscope[train]: {error}") from error
    recipe = stated(asked)
    values = _grid(recipe, grid)
    found = []
    for combination in ParameterGrid(values):
        said = ",".join(f"{name}={value}" for name, value in combination.items())
        if not asked.as_json:
            console.print(f"{said}:")
        one = replace(asked, out=asked.out / said)
        started = (one.out / "last.pt").exists()
        outcome = trained(one, _changed(recipe, combination), resume=started)
        found.append(Tried(combination, outcome))
    _tell(asked, sorted(found, key=lambda one: one.worth, reverse=True))


def _grid(recipe: "Recipe[Any]", path: Path | None) -> Mapping[str, Sequence[Any]]:
    from engines.training.recipe import read  # noqa: PLC0415 - PyTorch is an extra

    try:
        values = read(path) if path else recipe.grid
    except (ValueError, OSError) as error:
        raise WrongUsageError(str(error)) from error
    if not values:
        raise WrongUsageError("the recipe has no [grid]: give one with --grid FILE")
    for name, one in values.items():
        if not isinstance(one, list):
            raise WrongUsageError(f"grid: {name} is no list")
    return values


def _changed(recipe: "Recipe[Any]", combination: Mapping[str, Any]) -> "Recipe[Any]":
    try:
        return recipe.model_copy(update={"plan": recipe.plan.but(**combination)})
    except ValueError as error:
        raise WrongUsageError(f"grid: {error}") from error


def _tell(asked: Asked, found: Sequence[Tried]) -> None:
    """Print and write what the combinations came to."""
    rows = [{**one.combination, "epoch": one.outcome.epoch, **one.outcome.figures} for one in found]
    with (asked.out / GRID).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    if asked.as_json:
        print_json(rows)
        return
    columns = [*found[0].combination, "epoch", found[0].outcome.figure]
    print_table("grid, best first", columns, [[row[name] for name in columns] for row in rows])
