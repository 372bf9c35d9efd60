"""Recipes: what a network is trained by, as files say it."""

import difflib
import importlib
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from engines.training import menus
from engines.training.plan import Plan, Record

if TYPE_CHECKING:
    from torch import nn

Preset = Literal["paper", "best"]

Menu = TypeVar("Menu", bound=Record)


class Recipe(Record, Generic[Menu]):
    """How a network is trained, and how large it is.

    `network` are arguments of the network, `grid` are values of the plan to be tried, all with all.
    """

    about: str = ""
    plan: Plan
    menu: Menu
    network: dict[str, int | float] = Field(default_factory=dict)
    grid: dict[str, list[int | float | str]] = Field(default_factory=dict)


ENLARGERS = ("fsrcnn", "edsr", "rdn")
OUTLINERS = ("unet", "segnet")
CLASSIFIERS = ("resnet50", "densenet121", "vgg16")
DETECTOR = "detector"

KINDS: Mapping[str, type[Recipe[Any]]] = MappingProxyType(
    {
        **dict.fromkeys(ENLARGERS, Recipe[menus.Patches]),
        **dict.fromkeys(OUTLINERS, Recipe[menus.Regions]),
        **dict.fromkeys(CLASSIFIERS, Recipe[menus.Verdicts]),
        DETECTOR: Recipe[menus.Crops],
    }
)
"""What the recipe of each network says."""

NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "fsrcnn": "engines.networks.fsrcnn:FSRCNN",
        "edsr": "engines.networks.edsr:EDSR",
        "rdn": "engines.networks.rdn:RDN",
        "unet": "engines.networks.unet:UNet",
        "segnet": "engines.networks.segnet:SegNet",
        "resnet50": "engines.networks.resnet:ResNet50",
        "densenet121": "engines.networks.densenet:DenseNet121",
        "vgg16": "engines.networks.vgg:VGG16",
        DETECTOR: "engines.networks.unet:UNet",
    }
)
"""Where each network is."""


def recipe(
    network: str,
    preset: Preset,
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> Recipe[Any]:
    """Return the recipe of that network, with `changes` to it.

    Raises:
        ValueError: the changes are none of a recipe; the message names the nearest known keys.
    """
    packaged = files("engines.training") / "recipes" / f"{network}.toml"
    stated = tomllib.loads(packaged.read_text(encoding="utf-8"))[preset]
    kind = KINDS[network]
    try:
        return kind.model_validate(_merged(stated, changes))
    except ValidationError as error:
        raise ValueError("; ".join(_said(kind, one) for one in error.errors())) from error


def read(path: Path) -> dict[str, Any]:
    """Return what a TOML file says, such as what the user wants to be other than in the recipe.

    Raises:
        ValueError: it is no TOML.
        OSError: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error


def made(network: str, arguments: Mapping[str, int | float]) -> "nn.Module":
    """Return a network that has not learned yet.

    Raises:
        ImportError: PyTorch, the extra `train`, is not installed.
    """
    module, _, kind = NETWORKS[network].partition(":")
    network_made: nn.Module = getattr(importlib.import_module(module), kind)(**arguments)
    return network_made


def _merged(stated: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `stated` with `changes`, table by table."""
    both = dict(stated)
    for name, value in changes.items():
        inner = both.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            both[name] = _merged(inner, value)
        else:
            both[name] = value
    return both


def _said(kind: type[Recipe[Any]], error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}"
    known = _known(kind, error["loc"][:-1])
    near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.5)
    return f"{where} is no key of a recipe" + (f"; did you mean {near[0]!r}?" if near else "")


def _known(kind: type[BaseModel], table: tuple[int | str, ...]) -> list[str]:
    """Return the keys of a table of a recipe."""
    for name in table:
        inner = kind.model_fields[str(name)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        kind = inner
    return list(kind.model_fields)
