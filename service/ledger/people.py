"""Who may use the console and the API, and what they did: the ledger's rows about people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What somebody may do; each may do what those before may."""

    VIEWER = "viewer"
    """Sees everything but accounts and the audit trail."""
    OPERATOR = "operator"
    """Retries, cancels, completes, reprocesses, sends again."""
    ADMIN = "admin"
    """Makes accounts, reads the audit trail."""

    def covers(self, least: "Role") -> bool:
        """Return whether it may do what `least` may."""
        order = list(Role)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    name: str
    role: Role
    password: str
    """As argon2 writes it: parameters, salt and digest."""
    created_at: datetime
    password_at: datetime
    """When the password was chosen."""
    subject: str = ""
    """Who that is where they sign in elsewhere (OIDC); empty for those with a password here."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with."""

    digest: str
    """SHA-256 of the token in the browser's cookie."""
    user: str
    address: str
    created_at: datetime
    seen_at: datetime
    """When it last asked for something by itself."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program shows that acts for somebody."""

    digest: str
    user: str
    label: str
    """What it is for; a user's labels differ."""
    created_at: datetime
    expires_at: datetime | None = None
    """None where it does not run out, as of tokens of former releases."""
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Somebody did something, or tried to."""

    number: int
    """Counted by the ledger; 0 until it is written down."""
    at: datetime
    who: str
    role: str
    """Empty where nobody was signed in."""
    address: str
    action: str
    """Such as ``job.retry``."""
    object: str
    """UID or name of what it was done to."""
    outcome: str
    """``done``, or why not."""


class Accounts(Protocol):
    """Who may come in, and who has."""

    def users(self) -> Sequence[User]:
        """Return everybody who may sign in, by name."""
        ...

    def user(self, name: str) -> User | None:
        """Return that user, None if there is none."""
        ...

    def add_user(self, user: User) -> None:
        """Let somebody sign in.

        Raises:
            RefusedError: if there is somebody of that name.
        """

    def admit(self, user: User) -> User:
        """Return the user of that subject, made or with that role from now on; they keep a name.

        Raises:
            RefusedError: if the name is that of somebody else.
        """
        ...

    def remove_user(self, name: str) -> None:
        """Let somebody sign in no more; sessions and tokens end with it.

        Raises:
            UnknownError: if there is nobody of that name.
            RefusedError: if it is the last administrator.
        """

    def change_role(self, name: str, role: Role) -> None:
        """Let somebody do more or less, from the next request on.

        Raises:
            UnknownError: if there is nobody of that name.
            RefusedError: if it is the last administrator.
        """

    def change_password(self, name: str, password: str) -> None:
        """Keep another password, hashed; all sessions of that user end.

        Raises:
            UnknownError: if there is nobody of that name.
        """

    def open_session(self, session: Session, password: str) -> bool:
        """Remember that somebody signed in, unless by now what is kept is another password."""
        ...

    def session(self, digest: str) -> tuple[Session, User] | None:
        """Return a session and whose it is, None if there is none."""
        ...

    def see_session(self, digest: str) -> None:
        """Remember that it was used now."""

    def end_session(self, digest: str) -> None:
        """Forget a session."""

    def end_sessions(self, user: str) -> int:
        """Forget all sessions of a user; return how many."""
        ...

    def forget_sessions(self, seen_before: datetime, created_before: datetime) -> int:
        """Forget sessions that ran out; return how many."""
        ...

    def api_tokens(self, user: str | None = None) -> Sequence[ApiToken]:
        """Return the tokens of that user, or all, the newest first."""
        ...

    def add_api_token(self, token: ApiToken) -> None:
        """Let a program act for somebody.

        Raises:
            UnknownError: if there is nobody of that name.
            RefusedError: if the user has a token of that label.
        """

    def remove_api_token(self, user: str, label: str) -> None:
        """Let a token count no more.

        Raises:
            UnknownError: if there is none.
        """

    def api_token(self, digest: str) -> tuple[ApiToken, User] | None:
        """Return that token and whose it is, None if nobody's."""
        ...

    def see_api_token(self, digest: str) -> None:
        """Remember that it was used now."""


class Audit(Protocol):
    """What people did: it is added to, never changed."""

    def note(self, entry: AuditEntry) -> None:
        """Add `entry` at the end."""

    def audit(
        self,
        who: str | None = None,
        action: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Sequence[AuditEntry]:
        """Return what was done, newest first; of that user, and of actions that begin so."""
        ...
