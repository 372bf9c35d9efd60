"""What people were told and are still to be told, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.ledger.moves import LONGEST_ERROR
from service.ledger.notifying import Message, News, Point, Severity, Telling
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import messages, tellings

LONGEST_WAIT = timedelta(minutes=10)
"""Beyond every pause and lease: what waits for longer, waits for a clock that was set back."""
KEPT_FOR = timedelta(days=90)
"""Messages that were sent are remembered for so long."""


class SqlTellings(Part):
    """See `service.ledger.notifying.Tellings`."""

    __slots__ = ()

    def tellings(self, channel: str | None = None) -> Sequence[Telling]:
        """See Tellings."""
        known = sa.select(*columns_of(tellings, Telling)).order_by(
            tellings.c.seen_at, tellings.c.channel, tellings.c.key
        )
        if channel is not None:
            known = known.where(tellings.c.channel == channel)
        with self.database.reading() as connection:
            return records_of(Telling, connection.execute(known))

    def messages(self, channel: str | None = None, limit: int = 100) -> Sequence[Message]:
        """See Tellings."""
        known = sa.select(*columns_of(messages, Message))
        newest = known.order_by(
            messages.c.made_at.desc(), messages.c.channel, messages.c.number.desc()
        )
        if channel is not None:  # by number: a clock that was set back makes old ones look newer
            newest = known.where(messages.c.channel == channel).order_by(messages.c.number.desc())
        with self.database.reading() as connection:
            return [_message(row) for row in connection.execute(newest.limit(limit)).mappings()]

    def keep_told(
        self, changed: Sequence[Telling], forgotten: Sequence[Telling], message: Message | None
    ) -> bool:
        """See Tellings."""
        if not (changed or forgotten or message):
            return True
        with self.database.writing() as connection:
            if message is not None and not self._is_next(connection, message):
                return False
            for gone in forgotten:
                connection.execute(tellings.delete().where(_is(gone)))
            for telling in changed:
                connection.execute(self._put(telling))
            return True

    def take_message(self, channel: str, lease_s: float) -> Message | None:
        """See Tellings."""
        now = self.now()
        due = _DUE.where(
            messages.c.channel == channel,
            sa.or_(messages.c.run_at <= now, messages.c.run_at > now + LONGEST_WAIT),
            sa.or_(
                messages.c.lease_until.is_(None),
                messages.c.lease_until <= now,
                messages.c.lease_until > now + LONGEST_WAIT,
            ),
        )
        with self.database.reading() as connection:
            if connection.execute(due).first() is None:
                return None
        with self.database.writing() as connection:
            row = connection.execute(due.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            taken = _message(row)
            until = now + timedelta(seconds=lease_s)
            connection.execute(_change(taken).values(lease_until=until))
        return taken

    def message_sent(self, message: Message, answer: str) -> None:
        """See Tellings."""
        sent = {"sent_at": self.now(), "error": answer[:LONGEST_ERROR]}
        self._end_try(message, **sent)

    def message_failed(self, message: Message, until: datetime, error: str) -> None:
        """See Tellings."""
        self._end_try(message, run_at=until, error=error[:LONGEST_ERROR])

    def _end_try(self, message: Message, **values: Any) -> None:  # noqa: ANN401 - columns
        unsent = _change(message).where(messages.c.sent_at.is_(None))
        ended = unsent.values(attempts=messages.c.attempts + 1, lease_until=None, **values)
        with self.database.writing() as connection:
            connection.execute(ended)

    def _is_next(self, connection: sa.Connection, message: Message) -> bool:
        """Write `message` down unless another has its number; forget old ones."""
        values = values_of(message) | {"points": [_plain(point) for point in message.points]}
        insert = self.database.insert(messages).values(**values).on_conflict_do_nothing()
        if connection.execute(insert).rowcount == 0:
            return False
        old = messages.c.sent_at < message.made_at - KEPT_FOR
        connection.execute(messages.delete().where(old))
        return True

    def _put(self, telling: Telling) -> sa.Executable:
        values = values_of(telling)
        return (
            self.database.insert(tellings)
            .values(**values)
            .on_conflict_do_update(index_elements=["channel", "key"], set_=values)
        )


_DUE = (
    sa.select(*columns_of(messages, Message))
    .where(messages.c.sent_at.is_(None))
    .order_by(messages.c.number)
    .limit(1)
)


def _is(telling: Telling) -> sa.ColumnElement[bool]:
    return (tellings.c.channel == telling.channel) & (tellings.c.key == telling.key)


def _change(message: Message) -> sa.Update:
    return messages.update().where(
        messages.c.channel == message.channel, messages.c.number == message.number
    )


def _plain(point: Point) -> Mapping[str, Any]:
    moments = {"since": point.since.isoformat(), "until": point.until and point.until.isoformat()}
    return asdict(point) | moments


def _message(row: sa.RowMapping) -> Message:
    return Message(**{**row, "points": tuple(_point(one) for one in row["points"])})


def _point(plain: Mapping[str, Any]) -> Point:
    return Point(
        **{
            **plain,
            "news": News(plain["news"]),
            "severity": Severity(plain["severity"]),
            "since": datetime.fromisoformat(plain["since"]),
            "until": plain["until"] and datetime.fromisoformat(plain["until"]),
        }
    )
