"""What is to be trained, as it was asked for, and what that comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines.card import CardError
from engines.engine import UnusableError
from service.errors import RefusedError, WrongUsageError
from service.settings import packaged_models

if TYPE_CHECKING:
    from engines.cad.window import Shades
    from engines.training.courses import Prepared
    from engines.training.recipe import Recipe


class Preset(StrEnum):
    """Which of a recipe's two sets of hyper-parameters."""

    PAPER = "paper"
    BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be trained, by what, and where.

    `changes` are to the recipe, `plan` to its plan where not None; `before` names the model that
    enlarges regions.
    """

    network: str
    preset: Preset
    data: Path
    out: Path
    plan: Mapping[str, Any]
    own: Path | None = None
    scale: int | None = None
    init: Path | None = None
    before: str | None = None
    models: Path | None = None
    resume: bool = False
    as_json: bool = False
    tensorboard: bool = False


def stated(asked: Asked) -> "Recipe[Any]":
    """Return the recipe that is asked for.

    Raises:
        WrongUsageError: there is no such recipe.
        RefusedError: PyTorch, the extra `train`, is not installed.
    """
    try:
        from engines.training import recipe  # noqa: PLC0415 - PyTorch is an extra
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    try:
        changes = recipe.read(asked.own) if asked.own else {}
        if asked.before is not None:
            changes["menu"] = {**changes.get("menu", {}), "before": asked.before}
        found = recipe.recipe(asked.network, asked.preset.value, changes)
        return found.model_copy(update={"plan": found.plan.but(**asked.plan)})
    except (ValueError, OSError) as error:
        raise WrongUsageError(str(error)) from error


def prepared(asked: Asked, recipe: "Recipe[Any]") -> "Prepared":
    """Return the course that is asked for.

    Raises:
        RefusedError: PyTorch, data or weights are not there, or do not fit.
    """
    try:
        from engines.training import courses  # noqa: PLC0415 - PyTorch is an extra
    except ImportError as error:
        raise RefusedError(f"training needs senoscope[train]: {error}") from error
    name = getattr(recipe.menu, "before", "")
    try:
        enlarge = _enlarger(name, asked.models or packaged_models()) if name else None
        begin = courses.Start(asked.network, asked.scale, asked.init, enlarge)
        return courses.prepare(begin, recipe, asked.data)
    except (OSError, ValueError, CardError, UnusableError) as error:
        raise RefusedError(str(error)) from error


def _enlarger(name: str, shelf: Path) -> Callable[["Shades"], "Shades"]:
    from engines.cad.answers import enlarged  # noqa: PLC0415
    from engines.load import open_engine  # noqa: PLC0415
    from engines.shelf import find_card  # noqa: PLC0415

    engine = open_engine(find_card(shelf, name), "cpu")
    return lambda shades: enlarged(engine, shades)
