"""Putting a model on a shelf: all of it, or nothing."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from engines.card import CARD_FILE, Card, CardError, read_card
from engines.importing.foreign import ForeignError

WEIGHTS = "weights.onnx"

Clear = Callable[[Path, Path], None]
"""Sees to what is at a place already, given a folder that vanishes."""


def shelve(shelf: Path, stated: Mapping[str, Any], weights: bytes) -> Card:
    """Return the card of a new model on `shelf`, which says what is `stated`.

    Raises:
        ForeignError: that version of that model is there already.
        CardError: a card cannot say what is stated.
    """
    return _moved_in(shelf, stated, weights, _refuse)


def replace(shelf: Path, stated: Mapping[str, Any], weights: bytes) -> Card:
    """Return the card of a model on `shelf`, in the place of the one that was there if any was.

    Raises:
        CardError: a card cannot say what is stated.
    """
    return _moved_in(shelf, stated, weights, _put_away)


def _moved_in(shelf: Path, stated: Mapping[str, Any], weights: bytes, clear: Clear) -> Card:
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".incoming-") as name:
        made = Path(name) / "model"
        made.mkdir(mode=0o755)
        sha256 = hashlib.sha256(weights).hexdigest()
        _write(made / WEIGHTS, weights)
        said = tomli_w.dumps({**stated, "file": WEIGHTS, "sha256": sha256})
        _write(made / CARD_FILE, said.encode())
        card = _read(made)
        place = shelf / card.name / card.version
        place.parent.mkdir(exist_ok=True)
        clear(place, Path(name))
        made.rename(place)
    return read_card(place)


def _read(made: Path) -> Card:
    try:
        return read_card(made)
    except CardError as error:
        raise CardError(str(error).replace(str(made / CARD_FILE), "its card")) from None


def _refuse(place: Path, _incoming: Path) -> None:
    if place.exists():
        raise ForeignError(
            f"{place} is there already: name another --version, or replace it with --force"
        )


def _put_away(place: Path, incoming: Path) -> None:
    """Move what is at `place` to where it vanishes."""
    if place.exists():
        place.rename(incoming / "old")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
