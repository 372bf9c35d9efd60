"""The model shelf: a folder of `<name>/<version>/card.toml` and weights."""

import hashlib
import re
from pathlib import Path

from engines.card import CARD_FILE, Card, CardError, read_card


def cards(models_dir: Path) -> list[Card]:
    """Return every card on the shelf, by name, oldest version first.

    Raises:
        CardError: one of them is broken.
    """
    found = [_shelved(path.parent) for path in models_dir.glob(f"*/*/{CARD_FILE}")]
    return sorted(found, key=lambda card: (card.name, _version_key(card.version)))


def find_card(models_dir: Path, name: str, version: str | None = None) -> Card:
    """Return the card of that model: that version, or the newest.

    Raises:
        CardError: it is not on the shelf, or its card is broken.
    """
    folders = [path.parent for path in models_dir.glob(f"*/*/{CARD_FILE}")]
    of_name = {folder.name: folder for folder in folders if folder.parent.name == name}
    if not of_name:
        there = ", ".join(sorted({folder.parent.name for folder in folders})) or "nothing"
        raise CardError(f"no model {name!r} in {models_dir}; there is {there}")
    wanted = version or max(of_name, key=_version_key)
    if wanted not in of_name:
        there = ", ".join(sorted(of_name, key=_version_key))
        raise CardError(f"no version {wanted!r} of model {name!r}; there is {there}")
    return _shelved(of_name[wanted])


def verify(card: Card) -> None:
    """Make sure that the weights are the ones the card speaks of.

    Raises:
        CardError: the file is missing or its SHA-256 is another.
    """
    try:
        digest = hashlib.sha256(card.weights.read_bytes()).hexdigest()
    except OSError as error:
        raise CardError(f"{card.weights}: {error.strerror}") from error
    if digest != card.sha256:
        raise CardError(f"{card.weights}: sha256 is {digest}, the card says {card.sha256}")


def _shelved(folder: Path) -> Card:
    card = read_card(folder)
    if (card.name, card.version) != (folder.parent.name, folder.name):
        raise CardError(f"{folder}: the card is of {card.name} version {card.version}")
    return card


def _version_key(version: str) -> list[tuple[int, str]]:
    """Return what sorts 10 after 9."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.-]", version)
    ]
