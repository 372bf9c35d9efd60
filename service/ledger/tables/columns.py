"""How the ledger keeps what a database has no type of its own for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from typing_extensions import override

from service.ledger.records import Priority


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC, as seconds since 1970."""

    impl = sa.Double
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> float | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else value.timestamp()

    @override
    def process_result_value(self, value: float | None, dialect: sa.Dialect) -> datetime | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Words(sa.TypeDecorator[tuple[str, ...]]):
    """Words in their order."""

    impl = sa.JSON
    cache_ok = True

    @override
    def process_bind_param(
        self, value: Sequence[str] | None, dialect: sa.Dialect
    ) -> list[str] | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else list(value)

    @override
    def process_result_value(
        self, value: list[str] | None, dialect: sa.Dialect
    ) -> tuple[str, ...] | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else tuple(value)


class State(sa.TypeDecorator[StrEnum]):
    """One of the states of something."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, states: type[StrEnum]) -> None:
        super().__init__()
        self.states = states

    @override
    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else str(value)

    @override
    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else self.states(value)


class Lane(sa.TypeDecorator[Priority]):
    """A priority; the lowest is served first."""

    impl = sa.Integer
    cache_ok = True

    @override
    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        """Return what the database keeps."""
        del dialect
        return None if value is None else int(value)

    @override
    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Priority | None:
        """Return what the database gave."""
        del dialect
        return None if value is None else Priority(value)
