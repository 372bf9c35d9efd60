"""The model shelf, or several: folders of `<name>/<version>/card.toml` and weights.

A model that lies on two shelves is the one of the first: a hospital's own before the shipped one.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from engines.card import CARD_FILE, Card, CardError, read_card

Shelves = Path | Sequence[Path]
"""One shelf, or several in the order in which they are looked at."""


def cards(shelves: Shelves) -> list[Card]:
    """Return every card on the shelves, by name, oldest version first.

    Raises:
        CardError: one of them is broken.
    """
    found = [_shelved(folder) for folders in _folders(shelves).values() for folder in folders]
    return sorted(found, key=lambda card: (card.name, _version_key(card.version)))


def newest(shelves: Shelves) -> Iterator[tuple[str, Card | CardError]]:
    """Yield the name of each model and the card of its newest version, or what is wrong with it."""
    for name, folders in sorted(_folders(shelves).items()):
        try:
            yield name, _shelved(folders[-1])
        except CardError as error:
            yield name, error


def names(shelves: Shelves) -> set[str]:
    """Return the names of the models that lie on the shelves, broken or not."""
    return set(_folders(shelves))


def everything(shelves: Shelves) -> Iterator[tuple[Path, Card | CardError]]:
    """Yield the folder of each version of each model, and its card, its weights checked.

    Or, in the card's place, what is wrong with it.
    """
    for _, folders in sorted(_folders(shelves).items()):
        for folder in folders:
            try:
                card = _shelved(folder)
                verify(card)
            except CardError as error:
                yield folder, error
            else:
                yield folder, card


def find_card(shelves: Shelves, name: str, version: str | None = None) -> Card:
    """Return the card of that model: that version, or the newest.

    Raises:
        CardError: it is not on the shelves, or its card is broken.
    """
    there = _folders(shelves)
    if name not in there:
        where = " or ".join(map(str, _several(shelves)))
        raise CardError(f"no model {name!r} in {where}; there is {', '.join(there) or 'nothing'}")
    of_name = {folder.name: folder for folder in there[name]}
    wanted = version or next(reversed(of_name))
    if wanted not in of_name:
        raise CardError(f"no version {wanted!r} of model {name!r}; there is {', '.join(of_name)}")
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


def _folders(shelves: Shelves) -> dict[str, list[Path]]:
    """Return the folders of each model, oldest version first, from the first shelf that has it."""
    found: dict[str, list[Path]] = {}
    for shelf in _several(shelves):
        here: dict[str, list[Path]] = {}
        for path in shelf.glob(f"*/*/{CARD_FILE}"):
            here.setdefault(path.parent.parent.name, []).append(path.parent)
        for name in sorted(here.keys() - found.keys()):
            found[name] = sorted(here[name], key=lambda folder: _version_key(folder.name))
    return found


def _several(shelves: Shelves) -> Sequence[Path]:
    return [shelves] if isinstance(shelves, Path) else shelves


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
