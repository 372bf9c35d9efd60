"""Texts of `routes.toml` that people are writing and have not put into force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import routes_drafts


@dataclass(frozen=True, slots=True)
class RoutesDraft:
    """What somebody is writing: each user has one draft at most."""

    user: str
    text: str
    base: str
    """SHA-256 of the text on the disk that it is to replace."""
    changed_at: datetime


class RoutesDrafts(Protocol):
    """What the console keeps of drafts, so that nothing is lost when a page is left."""

    def routes_draft(self, user: str) -> RoutesDraft | None:
        """Return the draft of that user; None if there is none."""
        ...

    def keep_routes_draft(self, draft: RoutesDraft) -> None:
        """Keep `draft` in place of the one that its user had."""

    def drop_routes_draft(self, user: str) -> None:
        """Forget the draft of that user, if there is one."""


class SqlRoutesDrafts(Part):
    """See `RoutesDrafts`."""

    __slots__ = ()

    def routes_draft(self, user: str) -> RoutesDraft | None:
        """See RoutesDrafts."""
        asked = sa.select(*columns_of(routes_drafts, RoutesDraft))
        with self.database.reading() as connection:
            rows = connection.execute(asked.where(routes_drafts.c.user == user))
            return next(iter(records_of(RoutesDraft, rows)), None)

    def keep_routes_draft(self, draft: RoutesDraft) -> None:
        """See RoutesDrafts."""
        values = values_of(draft)
        put = self.database.insert(routes_drafts).values(**values)
        with self.database.writing() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["user"], set_=values))

    def drop_routes_draft(self, user: str) -> None:
        """See RoutesDrafts."""
        with self.database.writing() as connection:
            connection.execute(routes_drafts.delete().where(routes_drafts.c.user == user))
