"""Which models a command is about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from engines import shelf
from engines.architectures import ARCHITECTURES
from engines.card import Card, CardError
from engines.engine import UnusableError
from engines.untrained import untrained_card
from engines.windowed import as_served
from service.errors import UnknownError, WrongUsageError, did_you_mean
from service.settings import Settings

Names = Annotated[
    list[str] | None, typer.Argument(help="Models on the shelf, or networks of the papers.")
]
All = Annotated[
    bool, typer.Option("--all", help="All on the shelf and, with senoscope[train], all networks.")
]
Device = Annotated[str, typer.Option(help="cpu, cuda:0, or auto for all that is there.")]


Images = Annotated[
    list[Path] | None,
    typer.Option(exists=True, help="DICOM, PNG or PGM to verify on. Default: phantoms."),
]


@dataclass(frozen=True, slots=True)
class Broken:
    """A model that cannot be used, and why."""

    model: str
    version: str
    reason: str


def selected(
    settings: Settings, names: Sequence[str], *, everyone: bool
) -> Iterator[Card | Broken]:
    """Return the models of those names, or all; what is broken is told and keeps back no other.

    A network of the papers that is on no shelf is given weights of chance.

    Raises:
        RefusedError: neither names nor all are asked for, or both.
        UnknownError: there is no model or network of that name.
    """
    if not names and not everyone:
        raise WrongUsageError("which models? name some, or say --all")
    if names and everyone:
        raise WrongUsageError(f"{', '.join(names)}, or --all? not both")
    return _all(settings) if everyone else _named(settings, names)


def _all(settings: Settings) -> Iterator[Card | Broken]:
    there = set()
    for folder, found in shelf.everything(settings.shelves):
        there.add(folder.parent.name)
        yield _usable(found, folder.parent.name, folder.name)
    if find_spec("torch") is None:  # which draws weights of chance: there are none without
        return
    for name in ARCHITECTURES:
        if name not in there:
            yield _untrained(settings, name)


def _usable(found: Card | CardError, name: str, version: str) -> Card | Broken:
    """Return the card, whose weights were checked, as pipelines run it."""
    if isinstance(found, CardError):
        return Broken(name, version, str(found))
    try:
        return as_served(found)
    except UnusableError as error:
        return Broken(name, version, str(error))


def _named(settings: Settings, names: Sequence[str]) -> Iterator[Card | Broken]:
    """Return the models of those names; before the first is given, all are known to be there."""
    shelved = shelf.names(settings.shelves)
    for name in names:
        if name not in shelved and name not in ARCHITECTURES:
            hint = did_you_mean(name, shelved | ARCHITECTURES.keys())
            raise UnknownError(f"no model or network {name!r}{hint}; see `senoscope engines list`")
    return (
        _shelved(settings, name) if name in shelved else _untrained(settings, name)
        for name in names
    )


def _shelved(settings: Settings, name: str) -> Card | Broken:
    try:
        card = shelf.find_card(settings.shelves, name)
        shelf.verify(card)
    except CardError as error:
        return Broken(name, "", str(error))
    return _usable(card, name, "")


def _untrained(settings: Settings, name: str) -> Card | Broken:
    try:
        return untrained_card(ARCHITECTURES[name], settings.untrained)
    except CardError as error:
        return Broken(name, "", str(error))
