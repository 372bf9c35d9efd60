"""The ledger's users, sessions and tokens in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from service.errors import RefusedError, UnknownError
from service.ledger.people import ApiToken, Role, Session, User
from service.ledger.rows import Part, columns_of, records_of, values_of
from service.ledger.tables import api_tokens, routes_drafts, sessions, users


class SqlAccounts(Part):
    """See `service.ledger.people.Accounts`."""

    __slots__ = ()

    def users(self) -> Sequence[User]:
        """See Accounts."""
        named = sa.select(*columns_of(users, User)).order_by(users.c.name)
        with self.database.reading() as connection:
            return records_of(User, connection.execute(named))

    def user(self, name: str) -> User | None:
        """See Accounts."""
        with self.database.reading() as connection:
            return _user(connection, name)

    def add_user(self, user: User) -> None:
        """See Accounts."""
        added = self.database.insert(users).values(**values_of(user)).on_conflict_do_nothing()
        with self.database.writing() as connection:
            if connection.scalar(added.returning(users.c.name)) is None:
                raise RefusedError(f"there is a user {user.name}")

    def admit(self, user: User) -> User:
        """See Accounts."""
        added = self.database.insert(users).values(**values_of(user)).on_conflict_do_nothing()
        with self.database.writing() as connection:
            known = _of_subject(connection, user.subject)
            if known is None:
                if connection.scalar(added.returning(users.c.name)) is not None:
                    return user
                known = _of_subject(connection, user.subject)  # if admitted elsewhere just now
            if known is None:
                raise RefusedError(f"{user.name} is the name of another user of this node")
            changed = users.update().where(users.c.name == known.name)
            connection.execute(changed.values(role=user.role))
            return replace(known, role=user.role)

    def remove_user(self, name: str) -> None:
        """See Accounts."""
        with self.database.writing() as connection:
            _check_admin_left(connection, _known(connection, name))
            connection.execute(users.delete().where(users.c.name == name))
            for table in (sessions, api_tokens, routes_drafts):  # none begins any more
                connection.execute(table.delete().where(table.c.user == name))

    def change_role(self, name: str, role: Role) -> None:
        """See Accounts."""
        with self.database.writing() as connection:
            user = _known(connection, name)
            if role is not Role.ADMIN:
                _check_admin_left(connection, user)
            connection.execute(users.update().where(users.c.name == name).values(role=role))

    def change_password(self, name: str, password: str) -> None:
        """See Accounts."""
        chosen = users.update().where(users.c.name == name)
        with self.database.writing() as connection:
            _known(connection, name)
            connection.execute(chosen.values(password=password, password_at=self.now()))
            connection.execute(sessions.delete().where(sessions.c.user == name))

    def open_session(self, session: Session, password: str) -> bool:
        """See Accounts."""
        kept = sa.select(users.c.password).where(users.c.name == session.user)
        with self.database.writing() as connection:
            if connection.scalar(kept.with_for_update()) != password:
                return False
            connection.execute(sessions.insert().values(**values_of(session)))
            return True

    def session(self, digest: str) -> tuple[Session, User] | None:
        """See Accounts."""
        chosen = sa.select(*columns_of(sessions, Session)).where(sessions.c.digest == digest)
        with self.database.reading() as connection:
            found = records_of(Session, connection.execute(chosen))
            user = _user(connection, found[0].user) if found else None
        return (found[0], user) if user is not None else None

    def see_session(self, digest: str) -> None:
        """See Accounts."""
        seen = sessions.update().where(sessions.c.digest == digest).values(seen_at=self.now())
        with self.database.writing() as connection:
            connection.execute(seen)

    def end_session(self, digest: str) -> None:
        """See Accounts."""
        with self.database.writing() as connection:
            connection.execute(sessions.delete().where(sessions.c.digest == digest))

    def end_sessions(self, user: str) -> int:
        """See Accounts."""
        with self.database.writing() as connection:
            return connection.execute(sessions.delete().where(sessions.c.user == user)).rowcount

    def forget_sessions(self, seen_before: datetime, created_before: datetime) -> int:
        """See Accounts."""
        over = (sessions.c.seen_at < seen_before) | (sessions.c.created_at < created_before)
        with self.database.writing() as connection:
            return connection.execute(sessions.delete().where(over)).rowcount

    def api_tokens(self, user: str | None = None) -> Sequence[ApiToken]:
        """See Accounts."""
        newest = sa.select(*columns_of(api_tokens, ApiToken)).order_by(
            api_tokens.c.created_at.desc(), api_tokens.c.user, api_tokens.c.label
        )
        if user is not None:
            newest = newest.where(api_tokens.c.user == user)
        with self.database.reading() as connection:
            return records_of(ApiToken, connection.execute(newest))

    def add_api_token(self, token: ApiToken) -> None:
        """See Accounts."""
        same = (api_tokens.c.user == token.user) & (api_tokens.c.label == token.label)
        with self.database.writing() as connection:
            _known(connection, token.user)
            if connection.scalar(sa.select(api_tokens.c.digest).where(same)) is not None:
                raise RefusedError(f"{token.user} has a token {token.label!r}; remove it first")
            connection.execute(api_tokens.insert().values(**values_of(token)))

    def remove_api_token(self, user: str, label: str) -> None:
        """See Accounts."""
        named = (api_tokens.c.user == user) & (api_tokens.c.label == label)
        with self.database.writing() as connection:
            if connection.execute(api_tokens.delete().where(named)).rowcount == 0:
                raise UnknownError(f"{user} has no token {label!r}")

    def api_token(self, digest: str) -> tuple[ApiToken, User] | None:
        """See Accounts."""
        chosen = sa.select(*columns_of(api_tokens, ApiToken)).where(api_tokens.c.digest == digest)
        with self.database.reading() as connection:
            found = records_of(ApiToken, connection.execute(chosen))
            user = _user(connection, found[0].user) if found else None
        return (found[0], user) if user is not None else None

    def see_api_token(self, digest: str) -> None:
        """See Accounts."""
        used = api_tokens.update().where(api_tokens.c.digest == digest).values(used_at=self.now())
        with self.database.writing() as connection:
            connection.execute(used)


def _of_subject(connection: sa.Connection, subject: str) -> User | None:
    """Return the user of that subject, locked until the transaction ends."""
    same = sa.select(*columns_of(users, User)).where(users.c.subject == subject)
    return next(iter(records_of(User, connection.execute(same.with_for_update()))), None)


def _user(connection: sa.Connection, name: str) -> User | None:
    chosen = sa.select(*columns_of(users, User)).where(users.c.name == name)
    return next(iter(records_of(User, connection.execute(chosen))), None)


def _known(connection: sa.Connection, name: str) -> User:
    user = _user(connection, name)
    if user is None:
        raise UnknownError(f"there is no user {name}")
    return user


def _check_admin_left(connection: sa.Connection, user: User) -> None:
    """Raise RefusedError if nobody else could let people in."""
    admins = sa.select(users.c.name).where(users.c.role == Role.ADMIN).with_for_update()
    if user.role is Role.ADMIN and len(connection.scalars(admins).all()) == 1:
        raise RefusedError(f"{user.name} is the last administrator: name another one first")
