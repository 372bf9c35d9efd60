"""What the clinic may ask of images and studies in `routes.toml`: see docs/routes.md."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from service.router.attributes import SEQUENCE, Attribute, parse_attribute
from service.router.patterns import compiled
from service.router.places import Location
from service.router.table import Table


class Condition(Table):
    """What the values of one attribute must be; every test that is written must hold."""

    keyword: str = Field(examples=["Modality", "ViewCodeSequence.CodeValue"])
    """As in PS3.6; dots lead into sequences, of which any item will do."""
    any_of: tuple[str, ...] | None = None
    """A value is one of these."""
    none_of: tuple[str, ...] | None = None
    """No value is one of these; also if it is absent."""
    matches: str | None = None
    """A glob that a value is like, such as ``*MAMMO*``."""
    regex: str | None = None
    """A regular expression that is found in a value, wherever in it; ``^`` and ``$`` bind it."""
    min: float | None = None
    """A value is a number and at least this."""
    max: float | None = None
    """A value is a number and at most this."""
    present: bool | None = None
    """Whether there is a value at all."""

    @property
    def attribute(self) -> Attribute:
        """What it looks at."""
        return parse_attribute(self.keyword)

    @field_validator("keyword")
    @classmethod
    def _is_known(cls, keyword: str) -> str:
        parse_attribute(keyword)
        return keyword

    @field_validator("regex")
    @classmethod
    def _is_regular(cls, regex: str | None) -> str | None:
        if regex is not None:
            compiled(regex)
        return regex

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.model_fields_set == {"keyword"}:
            raise ValueError("no test: write any_of, none_of, matches, regex, min, max or present")
        ranged = self.min is not None or self.max is not None
        if self.attribute.vr == SEQUENCE and self.model_fields_set != {"keyword", "present"}:
            raise ValueError(
                "a sequence or bulk data: only present can be asked of it; "
                f"name an attribute of its items: {self.keyword}.CodeValue"
            )
        if ranged and not self.attribute.is_number:
            raise ValueError(f"{self.keyword} is no number: min and max cannot be asked of it")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is above max: {self.min:g} > {self.max:g}")
        return self


class AnyOf(Table):
    """Conditions of which one is enough."""

    any: tuple["When", ...] = Field(min_length=1)
    """One of these holds."""


class AllOf(Table):
    """Conditions that must hold together, for use within `any` and `not`."""

    all: tuple["When", ...] = Field(min_length=1)
    """Each of these holds."""


class Not(Table):
    """A condition that must not hold."""

    inner: "When" = Field(alias="not")
    """This does not hold."""


def _kind(written: object) -> str:
    """Return which kind of condition is written there, as the tags of `When` call it."""
    if isinstance(written, Table):
        return next(tag for tag, kind in TAGS.items() if kind is type(written))
    keys = written if isinstance(written, dict) else {}
    return next((f"<{key}>" for key in ("any", "all", "not") if key in keys), "<keyword>")


When = Annotated[
    Annotated[Condition, Tag("<keyword>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(_kind),
]
"""A condition, or several made into one."""

TAGS: dict[str, type[Table]] = {
    "<keyword>": Condition,
    "<any>": AnyOf,
    "<all>": AllOf,
    "<not>": Not,
}
"""How pydantic's errors call the kinds of conditions."""

for _group in (AnyOf, AllOf, Not):
    _group.model_rebuild()


def inner_conditions(condition: When, where: Location = ()) -> Iterator[tuple[Location, Condition]]:
    """Yield the conditions on attributes that `condition`, at `where`, is made of."""
    if isinstance(condition, Condition):
        yield where, condition
    elif isinstance(condition, Not):
        yield from inner_conditions(condition.inner, (*where, "not"))
    elif isinstance(condition, AnyOf):
        for number, one in enumerate(condition.any):
            yield from inner_conditions(one, (*where, "any", number))
    else:
        for number, one in enumerate(condition.all):
            yield from inner_conditions(one, (*where, "all", number))
