"""The ledger's audit trail in SQL: there is no way to change it here, and the database has none."""

from collections.abc import Sequence

import sqlalchemy as sa

from service.ledger.people import AuditEntry
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import audit

LONGEST = 500
"""Characters kept of an outcome."""


class SqlAudit(Part):
    """See `service.ledger.people.Audit`."""

    __slots__ = ()

    def note(self, entry: AuditEntry) -> None:
        """See Audit."""
        values = values_of(entry)
        del values["number"]
        values["outcome"] = entry.outcome[:LONGEST]
        with self.database.writing() as connection:
            connection.execute(audit.insert().values(**values))

    def audit(
        self,
        who: str | None = None,
        action: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Sequence[AuditEntry]:
        """See Audit."""
        newest = sa.select(*columns_of(audit, AuditEntry)).order_by(audit.c.number.desc())
        if who is not None:
            newest = newest.where(audit.c.who == who)
        if action is not None:
            newest = newest.where(audit.c.action.startswith(action, autoescape=True))
        with self.database.reading() as connection:
            rows = connection.execute(newest.limit(limit).offset(offset))
            return records_of(AuditEntry, rows)
