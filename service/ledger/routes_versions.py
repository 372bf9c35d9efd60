"""The texts of `routes.toml` that came into force."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa

from service.errors import UnknownError
from service.ledger.records import RoutesVersion
from service.ledger.rows import Part, columns_of, records_of
from service.ledger.tables import routes_versions


class RoutesVersions(Protocol):
    """What the router writes down of the routes, and what people look up and restore."""

    def keep_routes(self, text: str, most: int) -> int:
        """Remember that `text` is in force, and return its number; only the last `most` are kept.

        The text that was in force before keeps its number.
        """
        ...

    def routes_version(self, number: int) -> RoutesVersion:
        """Return the version of that number.

        Raises:
            UnknownError: if there is none, or it is no longer kept.
        """
        ...

    def routes_versions(self) -> Sequence[RoutesVersion]:
        """Return what is kept, the newest first."""
        ...


class SqlRoutesVersions(Part):
    """See `RoutesVersions`."""

    __slots__ = ()

    def keep_routes(self, text: str, most: int) -> int:
        """See RoutesVersions."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        table = routes_versions
        newest = sa.select(table.c.number, table.c.digest).order_by(table.c.number.desc()).limit(1)
        with self.database.writing() as connection:
            found = connection.execute(newest.with_for_update()).first()
            if found is not None and found.digest == digest:
                return int(found.number)
            added = table.insert().values(digest=digest, text=text, in_force_at=self.now())
            number: int = connection.execute(added.returning(table.c.number)).scalar_one()
            connection.execute(table.delete().where(table.c.number <= number - most))
            return number

    def routes_version(self, number: int) -> RoutesVersion:
        """See RoutesVersions."""
        named = routes_versions.c.number == number
        rows = sa.select(*columns_of(routes_versions, RoutesVersion)).where(named)
        with self.database.reading() as connection:
            found = records_of(RoutesVersion, connection.execute(rows))
        if not found:
            raise UnknownError(f"no version {number} of the routes in the ledger")
        return found[0]

    def routes_versions(self) -> Sequence[RoutesVersion]:
        """See RoutesVersions."""
        rows = sa.select(*columns_of(routes_versions, RoutesVersion))
        with self.database.reading() as connection:
            newest = rows.order_by(routes_versions.c.number.desc())
            return records_of(RoutesVersion, connection.execute(newest))
