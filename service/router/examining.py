"""All that is wrong or odd in the text of a `routes.toml`, with its place."""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service.router.conditions import When, inner_conditions
from service.router.contradictions import OwnDoor, Written, contradictions
from service.router.faults import Fault, faults_of
from service.router.patterns import is_risky
from service.router.places import Location, Place, place_of, place_of_syntax, places
from service.router.routes import Routes


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
    """What is to be said of a file of routes."""

    routes: Routes | None
    """None where there is a mistake."""
    mistakes: Sequence[Remark] = ()
    """The one to name if only one is named comes first."""
    warnings: Sequence[Remark] = ()
    """What is right, but hardly meant."""

    def first_mistake(self, path: Path) -> str:
        """Return the first mistake as one line that names the file."""
        first = self.mistakes[0]
        line = f":{first.place.line}" if first.key else ""
        return f"{path}{line}: {first.told()}"


def examine(text: str, pipelines: Collection[str], own: OwnDoor | None = None) -> Examined:
    """Return all that is wrong or odd in `text`; `pipelines` are the names that it may use."""
    try:
        return _examined(text, pipelines, own)
    except tomllib.TOMLDecodeError as error:
        place = place_of_syntax(error, text)
        return Examined(None, [Remark(place, "", f"not valid TOML: {error}")])
    except RecursionError:
        return Examined(None, [Remark(Place(1, 1), "", "its tables are nested too deep")])


def _examined(text: str, pipelines: Collection[str], own: OwnDoor | None) -> Examined:
    tables = tomllib.loads(text)
    written = Written(tables)
    routes, faults = _read(tables)
    faults += contradictions(written, pipelines, own)
    there = places(text)
    return Examined(
        None if faults or routes is None else routes.read_from(text),
        list(_placed(faults, there)),
        list(_placed(_oddities(written), there)),
    )


def _read(tables: Mapping[str, Any]) -> tuple[Routes | None, list[Fault]]:
    try:
        return Routes(**tables), []
    except ValidationError as error:
        return None, faults_of(error)


def _oddities(written: Written) -> Iterator[Fault]:
    """Yield what is right in itself, but hardly meant."""
    used = {name for _, table in written.route_tables for name in _send_to(table)}
    for name in written.named:
        if name not in used:
            yield Fault(("destinations", name), "no route names it: nothing is sent there")
    for where, several in written.conditions:
        for number, one in enumerate(several):
            if one is not None:
                yield from _risks((*where, number), one)


def _risks(where: Location, condition: When) -> Iterator[Fault]:
    for location, inner in inner_conditions(condition, where):
        if inner.regex is not None and is_risky(inner.regex):
            reason = "a text may keep it busy: it then fails, and the image does not take the route"
            yield Fault((*location, "regex"), reason)


def _send_to(table: Mapping[str, Any]) -> Iterator[str]:
    found = table.get("send_to")
    return (str(one) for one in found) if isinstance(found, list) else iter(())


def _placed(faults: Iterable[Fault], there: Mapping[Location, Place]) -> Iterator[Remark]:
    return (Remark(place_of(there, fault.at), fault.key, fault.reason) for fault in faults)
