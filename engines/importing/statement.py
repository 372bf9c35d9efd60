"""What is said of a network by whoever imports it: a part of a card, and options over it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engines.card import Card, CardError
from engines.importing.foreign import ForeignError
from engines.importing.wish import Found, Wish

Stated = dict[str, Any]
"""As in card.toml, some keys missing."""

NORMALISATION = "(v - low) / (high - low) of the range that the image's values have"
TOLERANCE = {"maximum": 0.01, "root_mean_square": 0.001}
"""Of an answer of 0..1 in fp32: a tenth of a percent of it, and no value a percent off."""
UNSTATED = "not stated"
PLACES: Mapping[str, tuple[str, str]] = {
    "licence": ("training", "licence"),
    "data": ("training", "data"),
    "range": ("input", "range"),
}
"""Where in a card an option belongs that is not at its top."""


def read_stated(path: Path) -> Stated:
    """Return what a card, or a part of one, states.

    Raises:
        CardError: it cannot be read, or holds a key that no card has.
        OSError: it is not there.
    """
    try:
        stated: Stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path} is not TOML: {error}") from None
    unknown = stated.keys() - Card.model_fields.keys() | stated.keys() & {"folder"}
    if unknown:
        raise CardError(f"{path}: {min(unknown)}: a card says no such thing")
    return stated


def with_options(stated: Stated, options: Mapping[str, Any]) -> Stated:
    """Return what is stated with `options` over it, each put where a card has it."""
    merged = {key: dict(one) if isinstance(one, dict) else one for key, one in stated.items()}
    for option, value in options.items():
        if option in PLACES:
            table, key = PLACES[option]
            merged.setdefault(table, {})[key] = value
        else:
            merged[option] = value
    return merged


def unsaid(stated: Stated) -> Iterator[str]:
    """Yield what a card must say and this one does not, as options are called."""
    if "task" not in stated:
        yield "task"
    if not stated.get("labels") and stated.get("task") != "super-resolution":
        yield "labels"
    if "licence" not in stated.get("training", {}):
        yield "licence"


def name_of(path: Path) -> str:
    """Return the name of a model made from that file, if nobody says another."""
    return re.sub(r"[^a-z0-9.-]+", "-", path.stem.lower()).strip("-.") or "model"


def wish_of(stated: Stated, options: Mapping[str, Any]) -> Wish:
    """Return how the network is to be understood; `options` are those that no card has.

    Raises:
        ForeignError: something is stated that cannot be.
    """
    known: Stated = {key: stated[key] for key in ("task", "scale", "tile", "halo") if key in stated}
    if stated.get("task") == "classification":
        known.pop("scale", None)
    span = stated.get("input", {}).get("range", (0.0, 1.0))
    labels = len(stated.get("labels", ()))
    try:
        wish = Wish(**(known | {**options, "labels": labels, "black_white": span}))
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        option = {"black_white": "range"}.get(field, field)
        raise ForeignError(f"--{option}: {first['msg']} (it is {first['input']!r})") from None
    if wish.black_white[0] == wish.black_white[1]:
        raise ForeignError("--range: black and white are the same")
    return wish


def card_of(stated: Stated, found: Found, path: Path) -> Stated:
    """Return all that the card of the network in that file says, but for its weights."""
    training = {
        "data": UNSTATED,
        "licence": UNSTATED,
        "recipe": UNSTATED,
        "command": f"senoscope engines import {path.name}",
        **stated.get("training", {}),
    }
    said = {"normalisation": NORMALISATION, **stated.get("input", {})}
    return {
        "name": name_of(path),
        "version": "1",
        "summary": f"Imported from {path.name}.",
        "precisions": ["fp32"],
        "tolerance": TOLERANCE,
        **stated,
        "scale": found.scale,
        "halo": found.halo,
        "tile": found.tile,
        "grid": found.grid,
        "batch": 1,
        "input": {**said, "channels": 1, "range": [0.0, 1.0]},  # the graph was adapted to that
        "training": training,
    }
