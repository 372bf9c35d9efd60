"""From a recipe to a course: which data a network learns from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from torch import nn

from engines.cad.window import Shades
from engines.networks.enlarge import Residual
from engines.training import detector, enlarging, outlining, telling
from engines.training.loop import Course
from engines.training.plan import Record
from engines.training.recipe import CLASSIFIERS, ENLARGERS, OUTLINERS, Recipe, made
from engines.training.splits import Split, write_split
from engines.training.start import forget_last, is_of_residual, silence_branches, start

SPLIT, RECIPE, NOTED = "split.csv", "recipe.toml", "run.toml"
"""What a run leaves besides its weights and curves: who was held back, how it was trained, and
where it began."""


@dataclass(frozen=True, slots=True)
class Start:
    """A network by name, how many times it enlarges, and the weights it starts from.

    `enlarge` is what enlarges regions before the network is shown them.
    """

    network: str
    scale: int | None = None
    init: Path | None = None
    enlarge: Callable[[Shades], Shades] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A course and the splits by patient that it keeps to."""

    course: Course
    splits: Mapping[str, Split]


def prepare(begin: Start, recipe: Recipe[Any], data: Path) -> Prepared:
    """Return the course of that recipe on what is in `data`.

    Raises:
        FileNotFoundError: data or weights are not there.
        ValueError: they do not fit.
    """
    arguments = dict(recipe.network)
    if begin.network in ENLARGERS:
        scale = arguments["scale"] = begin.scale or 2
        make = _residual(begin, arguments) if recipe.menu.residual else _maker(begin, arguments)
        return Prepared(enlarging.read(data, make, scale, recipe.menu), enlarging.splits(data))
    make = _maker(begin, arguments)
    if begin.network in OUTLINERS:
        outlines = outlining.read(data, make, recipe.menu, begin.enlarge)
        return Prepared(outlines, outlining.splits(data))
    if begin.network in CLASSIFIERS:
        return Prepared(telling.read(data, make, recipe.menu, begin.enlarge), telling.splits(data))
    return Prepared(detector.read(data, make, recipe.menu), detector.splits(data))


class Noted(Record):
    """What is known of a run besides its recipe.

    Its network, how many times that enlarges, and the weights it started from.
    """

    network: str
    scale: int = 1
    init: str = ""

    def command(self, recipe: str) -> str:
        """Return what gives the same weights again, by the recipe in that file."""
        options = {"init": self.init, "recipe": recipe}
        if self.scale > 1:
            options = {"scale": str(self.scale), **options}
        words = [f"--{name} {value}" for name, value in options.items() if value]
        return " ".join([f"senoscope train {self.network}", *words])


def note(prepared: Prepared, recipe: Recipe[Any], noted: Noted, folder: Path) -> None:
    """Write who is held back, the recipe as it is run, and where it began into a run's folder."""
    write_split(folder / SPLIT, prepared.splits)
    text = tomli_w.dumps(recipe.model_dump(exclude_none=True))
    (folder / RECIPE).write_text(text, encoding="utf-8")
    (folder / NOTED).write_text(tomli_w.dumps(noted.model_dump()), encoding="utf-8")


def _maker(begin: Start, arguments: Mapping[str, int | float]) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        network = made(begin.network, arguments)
        silence_branches(network)
        if begin.init is not None:
            start(network, begin.init)
        return network

    make()  # tells at once of weights that do not fit
    return make


def _residual(begin: Start, arguments: Mapping[str, int | float]) -> Callable[[], nn.Module]:
    """Return what makes a network whose answer is added to its input.

    It is slight at first, unless the network starts from one whose answer was added too.
    """
    make = _maker(begin, arguments)
    is_new = begin.init is None or not is_of_residual(begin.init)

    def make_residual() -> nn.Module:
        network = make()
        if is_new:
            forget_last(network)
        return Residual(network, int(arguments["scale"]))

    return make_residual
