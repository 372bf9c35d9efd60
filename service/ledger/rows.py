"""Between records and rows: a record's fields are the columns of the same names."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from random import random
from typing import Any, ClassVar, Protocol, TypeVar

import sqlalchemy as sa

from service.ledger.database import Database


class Record(Protocol):
    """Any of `records`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the ledger."""

    database: Database
    now: Callable[[], datetime]
    chance: Callable[[], float] = random
    """Gives a number from 0 to 1, where who comes first shall not always come first."""


def columns_of(table: sa.Table, record: type[Record]) -> list[sa.Column[Any]]:
    """Return the columns of `table` that `record` has."""
    return [table.c[field.name] for field in fields(record)]


def values_of(record: Record) -> dict[str, Any]:
    """Return the columns and values of `record`."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def records_of(record: type[R], rows: sa.Result[Any]) -> list[R]:
    """Return each of `rows`, selected by `columns_of`, as a record."""
    return [record(**row) for row in rows.mappings()]
