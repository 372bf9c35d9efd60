"""What pydantic finds wrong with `routes.toml`, in words that help."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipelines.kinds import Kind
from service.errors import did_you_mean
from service.router.attributes import KEYWORDS, NoKeywordError
from service.router.conditions import TAGS
from service.router.places import Location
from service.router.routes import Routes


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, or odd."""

    location: Location
    reason: str
    element: int | None = None
    """Which element of the array at `location`, where it is one."""
    word: str = ""
    """What was written, where `known` is what might have been meant."""
    known: Collection[str] = ()

    @property
    def key(self) -> str:
        """What it is told of."""
        return ".".join(map(str, self.location))

    @property
    def with_hint(self) -> str:
        """The reason, and what was probably meant: finding that out takes time."""
        return self.reason + (did_you_mean(self.word, self.known) if self.known else "")

    @property
    def at(self) -> Location:
        """Where it stands."""
        return self.location if self.element is None else (*self.location, self.element)


def faults_of(error: ValidationError) -> list[Fault]:
    """Return what is wrong; what is missing comes last, for a typo says more."""
    found = sorted(error.errors(include_url=False), key=lambda one: one["type"] == "missing")
    return [_fault(one) for one in found if not _is_echo(one)]


def _fault(error: Any) -> Fault:  # noqa: ANN401 - pydantic's ErrorDetails
    cause, where = error.get("ctx", {}).get("error"), _written(error["loc"])
    if isinstance(cause, NoKeywordError):
        return Fault(where, str(cause), word=cause.keyword, known=KEYWORDS)
    return Fault(where, _reason(error))


def _is_echo(error: Any) -> bool:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return whether it is only that of an array nothing is left without what is wrong in it."""
    return error["type"] == "too_short" and bool(error["input"])


def _written(location: Location) -> Location:
    """Return `location` without what pydantic adds to it: which kind of condition was tried."""
    return tuple(part for part in location if part not in TAGS)


def _reason(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return in words what pydantic found."""
    location: Location = error["loc"]
    if error["type"] == "extra_forbidden":
        return f"unknown key{did_you_mean(str(location[-1]), _keys_at(location))}"
    if error["type"] == "missing":
        return "missing"
    message, given = str(error["msg"]).removeprefix("Value error, "), error["input"]
    if "accepts" in location and error["type"] == "enum":
        message = f"no such kind of result{did_you_mean(str(given), map(str, Kind))}"
    return message if error["type"] == "value_error" else f"{message} (it is {given!r})"


def _keys_at(location: Location) -> Iterator[str]:
    """Yield the keys of the table that the last key of `location` stands in."""
    table: type[BaseModel] = Routes
    for part in location[:-1]:
        fields = {field.alias or name: field for name, field in table.model_fields.items()}
        found = fields.get(str(part))
        if part in TAGS:
            table = TAGS[str(part)]
        elif found is not None:
            table = next(_tables_in(found.annotation), table)
    return (field.alias or name for name, field in table.model_fields.items())


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """Yield the tables that a value of that type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables_in(inner)
