"""What each table of `routes.toml` says well, and all together say wrong."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from pipelines.eligibility import ALLOWABLE
from service.errors import did_you_mean
from service.router.conditions import When
from service.router.faults import Fault
from service.router.places import Location
from service.router.returning import unreturnable
from service.router.routes import SENDER, Destination, Route

_CONDITION: TypeAdapter[When] = TypeAdapter(When)
_Table = TypeVar("_Table", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class OwnDoor:
    """Where this node itself listens: no destination."""

    ae_title: str
    hosts: Collection[str]
    """Every name and address by which it may be written."""
    port: int

    def is_at(self, there: Destination) -> bool:
        """Return whether results sent to `there` would come back to this node."""
        title_and_port = (there.ae_title, there.port) == (self.ae_title, self.port)
        return title_and_port and there.host.lower() in self.hosts


@dataclass(frozen=True, slots=True)
class Written:
    """A file of routes as it is written, whether all of it is right or not."""

    tables: Mapping[str, Any]

    @property
    def destinations(self) -> Mapping[str, Destination]:
        """Those that are right in themselves."""
        found = ((name, _made(Destination, one)) for name, one in self.named.items())
        return {name: one for name, one in found if one is not None}

    @property
    def named(self) -> Mapping[str, Any]:
        """All destinations."""
        found = self.tables.get("destinations")
        return found if isinstance(found, dict) else {}

    @property
    def route_tables(self) -> list[tuple[int, Mapping[str, Any]]]:
        """All routes, numbered."""
        found = self.tables.get("routes")
        several = found if isinstance(found, list) else []
        return [(number, one) for number, one in enumerate(several) if isinstance(one, dict)]

    @property
    def routes(self) -> Mapping[int, Route]:
        """The routes that are right in themselves, by their numbers."""
        found = ((number, _made(Route, one)) for number, one in self.route_tables)
        return {number: one for number, one in found if one is not None}

    @property
    def conditions(self) -> Iterator[tuple[Location, Sequence[When | None]]]:
        """Yield all lists of conditions with their places; None stands for what is wrong in it."""
        for number, table in self.route_tables:
            complete = table.get("complete")
            inner = complete if isinstance(complete, dict) else {}
            yield from _several(("routes", number, "when"), table)
            yield from _several(("routes", number, "study_when"), table)
            yield from _several(("routes", number, "complete", "unilateral_when"), inner)


def contradictions(
    written: Written, pipelines: Collection[str], own: OwnDoor | None
) -> Iterator[Fault]:
    """Yield names that mean nothing or two things, and loops."""
    names: set[str] = set()
    for number, table in written.route_tables:
        name = str(table.get("name", ""))
        if name in names:
            yield Fault(("routes", number, "name"), f"there is another route {name!r}")
        names.update({name} - {""})
        yield from _unknown(("routes", number), table, written, pipelines)
    for name, there in written.destinations.items():
        if own is not None and own.is_at(there):
            reason = "this is this node itself: results would come back"
            yield Fault(("destinations", name, "host"), reason)
    yield from _unreturnable(written)


def _unknown(
    where: Location, table: Mapping[str, Any], written: Written, pipelines: Collection[str]
) -> Iterator[Fault]:
    """Yield what a route names that there is not."""
    named = written.named
    for index, name in _words(table, "send_to"):
        if name != SENDER and name not in named:
            yield Fault((*where, "send_to"), f"no destination {name!r}", index, name, named)
    for index, word in _words(table, "allow"):
        if word not in ALLOWABLE:
            known = ", ".join(ALLOWABLE)
            reason = f"no such kind of image {word!r}; there is {known}"
            yield Fault((*where, "allow"), reason, index)
    for index, name in _words(table, "pipelines"):
        if name not in pipelines:
            reason = f"no pipeline {name!r}{_did_you_mean(name, pipelines)}"
            yield Fault((*where, "pipelines"), reason, index)


def _unreturnable(written: Written) -> Iterator[Fault]:
    destinations = written.destinations
    for number, route in written.routes.items():
        for title in unreturnable(route, destinations):
            reason = f"{SENDER!r}: no destination has the AE title {title!r}"
            yield Fault(("routes", number, "send_to"), reason)


def _words(table: Mapping[str, Any], key: str) -> list[tuple[int, str]]:
    """Return the texts of the array under `key`, numbered."""
    found = table.get(key)
    several = found if isinstance(found, list) else []
    return [(index, one) for index, one in enumerate(several) if isinstance(one, str)]


def _did_you_mean(pipeline: str, pipelines: Collection[str]) -> str:
    """Return a hint: what runs the same model if anything does, else what is written alike."""
    model = pipeline.partition(":")[2]
    same = [one for one in pipelines if model and one.partition(":")[2] == model]
    return f"; did you mean {same[0]!r}?" if same else did_you_mean(pipeline, pipelines)


def _made(table: type[_Table], written: object) -> _Table | None:
    """Return `written` as that table, None if it is none."""
    try:
        return table.model_validate(written)
    except ValidationError:
        return None


def _several(
    where: Location, table: Mapping[str, Any]
) -> Iterator[tuple[Location, Sequence[When | None]]]:
    """Yield the conditions that stand under the last key of `where`, if any do."""
    found = table.get(str(where[-1]))
    if isinstance(found, list):
        yield where, [_condition(one) for one in found]


def _condition(written: object) -> When | None:
    """Return `written` as a condition, None if it is none."""
    try:
        return _CONDITION.validate_python(written)
    except ValidationError:
        return None
