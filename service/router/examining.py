"""All that is wrong in the text of a `routes.toml`, with its place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service.router.contradictions import OwnDoor, Written, contradictions
from service.router.faults import Fault, faults_of
from service.router.places import Place, place_of, places
from service.router.routes import Routes
from service.router.toml import TOO_DEEP, NoTomlError, read_toml

HINTS = 20
"""Of so many mistakes it is told what was probably meant."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the file that a person should know."""

    place: Place
    key: str
    """Empty where it is the file as such."""
    reason: str

    def told(self) -> str:
        """Return key and reason as one line."""
        return f"{self.key}: {self.reason}" if self.key else self.reason


@dataclass(frozen=True, slots=True)
class Examined:
    """Whether a file of routes is right."""

    routes: Routes | None
    """None where there is a mistake."""
    mistakes: Sequence[Remark] = ()
    """The one to name if only one is named comes first."""

    def first_mistake(self, path: Path) -> str:
        """Return the first mistake as one line that names the file."""
        first = self.mistakes[0]
        line = f":{first.place.line}" if first.key else ""
        return f"{path}{line}: {first.told()}"


def examine(text: str, pipelines: Collection[str], own: OwnDoor | None = None) -> Examined:
    """Return all that is wrong in `text`; `pipelines` are the names that it may use."""
    try:
        return _examined(text, pipelines, own)
    except NoTomlError as error:
        return Examined(None, [Remark(error.place, "", error.reason)])
    except RecursionError:
        return Examined(None, [Remark(Place(1, 1), "", TOO_DEEP)])


def _examined(text: str, pipelines: Collection[str], own: OwnDoor | None) -> Examined:
    tables = read_toml(text)
    written = Written(tables)
    routes, faults = _read(tables)
    faults += contradictions(written, pipelines, own)
    if faults or routes is None:
        return Examined(None, placed(faults, text))
    return Examined(routes.read_from(text))


def _read(tables: Mapping[str, Any]) -> tuple[Routes | None, list[Fault]]:
    try:
        return Routes(**tables), []
    except ValidationError as error:
        return None, faults_of(error)


def placed(faults: Sequence[Fault], text: str) -> list[Remark]:
    """Return `faults` with the places in `text` where they stand; it must be valid TOML."""
    there = places(text) if faults else {}
    last = max([number for number, one in enumerate(faults) if one.known][:HINTS], default=-1)
    return [
        Remark(place_of(there, one.at), one.key, one.with_hint if number <= last else one.reason)
        for number, one in enumerate(faults)
    ]
