"""Why studies were thought complete, which wait for a person, and what people are to be told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa

from service.ledger.records import Completion, Notice, Original
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import completions, notices, studies

KEPT_NOTICES = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What is written down with the decisions on a study."""

    completion: Completion
    originals: tuple[Original, ...] = ()
    """Images that are passed on as they are."""
    notices: tuple[Notice, ...] = ()


class Completions(Protocol):
    """What the router writes down of studies as wholes, and what people and notifiers look up."""

    def completions(self, study_instance_uid: str) -> Sequence[Completion]:
        """Return when and why that study was judged, the first time first."""
        ...

    def hold(self, study_instance_uid: str, reason: str) -> None:
        """Let that study wait for a person, for that reason; an empty one: no longer.

        A notice tells of it, once for each reason.
        """

    def notices(self, after: int = 0, limit: int = 100) -> Sequence[Notice]:
        """Return what people are to be told, oldest first, past the notice of that number."""
        ...


class SqlCompletions(Part):
    """See `Completions`."""

    __slots__ = ()

    def completions(self, study_instance_uid: str) -> Sequence[Completion]:
        """See Completions."""
        mine = completions.c.study_instance_uid == study_instance_uid
        rows = sa.select(*columns_of(completions, Completion)).where(mine)
        with self.database.reading() as connection:
            return records_of(Completion, connection.execute(rows.order_by(completions.c.number)))

    def hold(self, study_instance_uid: str, reason: str) -> None:
        """See Completions."""
        changed = (
            studies.update()
            .where(studies.c.study_instance_uid == study_instance_uid, studies.c.held != reason)
            .values(held=reason)
        )
        with self.database.writing() as connection:
            if connection.execute(changed).rowcount and reason:
                add_notice(connection, Notice("held", study_instance_uid, reason, self.now()))

    def notices(self, after: int = 0, limit: int = 100) -> Sequence[Notice]:
        """See Completions."""
        later = sa.select(*columns_of(notices, Notice)).where(notices.c.number > after)
        with self.database.reading() as connection:
            found = connection.execute(later.order_by(notices.c.number).limit(limit))
            return records_of(Notice, found)


def add_notice(connection: sa.Connection, notice: Notice) -> None:
    """Write `notice` down; the oldest are forgotten."""
    values = values_of(notice)
    del values["number"]
    written = notices.insert().values(**values).returning(notices.c.number)
    number: int = connection.execute(written).scalar_one()
    connection.execute(notices.delete().where(notices.c.number <= number - KEPT_NOTICES))


def add_completion(connection: sa.Connection, completion: Completion) -> None:
    """Write `completion` down as the last of its study, which waits for nobody any more."""
    uid = completion.study_instance_uid
    mine = studies.c.study_instance_uid == uid
    connection.execute(sa.select(studies.c.held).where(mine).with_for_update())
    last = sa.select(sa.func.max(completions.c.number)).where(
        completions.c.study_instance_uid == uid
    )
    number = connection.scalar(last)
    numbered = replace(completion, number=0 if number is None else number + 1)
    connection.execute(completions.insert().values(**values_of(numbered)))
    connection.execute(studies.update().where(mine).values(held=""))
