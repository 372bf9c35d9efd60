"""`/api/v1/users`, `/tokens`, `/audit`, `/me`: who may do what, and who did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from service.console.access import ADMIN, VIEWER
from service.console.desk import Desk
from service.console.parameters import (
    LabelPath,
    Limit,
    Named,
    NewPassword,
    NewRole,
    NewToken,
    NewUser,
    Offset,
    OwnPassword,
    Page,
    UserName,
    page_of,
)
from service.console.person import Person
from service.ledger.people import AuditEntry, Role, User

Admin = Annotated[Person, Depends(ADMIN)]
Anybody = Annotated[Person, Depends(VIEWER)]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may sign in."""

    name: str
    role: Role
    created_at: datetime | None = None
    password_at: datetime | None = None
    subject: str = ""
    """Who that is where they sign in elsewhere; empty for those with a password here."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the API."""

    user: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    """None where it does not run out."""
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class FreshToken:
    """A token that was made just now: it is told this once."""

    label: str
    token: str


def users_router(desk: Desk) -> APIRouter:
    """Return the addresses of users."""
    router = APIRouter(prefix="/users", tags=["users"])

    @router.get("", dependencies=[Depends(ADMIN)])
    def list_users() -> Sequence[Known]:
        """List who may sign in."""
        users = desk.ledger.users()
        return [_known(one) for one in users]

    @router.post("", status_code=201)
    def add_user(new: NewUser, person: Admin) -> Known:
        """Let somebody sign in."""
        desk.deeds.add_user(person, new.name, new.role, new.password)
        return Known(new.name, new.role)

    @router.delete("/{name}", status_code=204)
    def remove_user(name: UserName, person: Admin) -> None:
        """Let somebody sign in no more; their sessions and tokens end."""
        desk.deeds.remove_user(person, name)

    @router.put("/{name}/role", status_code=204)
    def change_role(name: UserName, new: NewRole, person: Admin) -> None:
        """Let somebody do more or less."""
        desk.deeds.change_role(person, name, new.role)

    @router.put("/{name}/password", status_code=204)
    def change_password(name: UserName, new: NewPassword, person: Admin) -> None:
        """Give somebody another password; their sessions end."""
        desk.deeds.change_password(person, name, new.password)

    return router


def tokens_router(desk: Desk) -> APIRouter:
    """Return the addresses of tokens, each user's own."""
    router = APIRouter(prefix="/tokens", tags=["tokens"])

    @router.get("")
    def list_tokens(person: Anybody) -> Sequence[Token]:
        """List your tokens."""
        return tokens_of(desk, person.name)

    @router.post("", status_code=201)
    def add_token(new: NewToken, person: Anybody) -> FreshToken:
        """Make a token that acts for you; it is told this once, and only its digest is kept."""
        return FreshToken(new.label, desk.deeds.add_token(person, person.name, new.label, new.days))

    @router.delete("/{label}", status_code=204)
    def remove_token(label: LabelPath, person: Anybody) -> None:
        """Let a token of yours count no more."""
        desk.deeds.remove_token(person, person.name, label)

    return router


def audit_router(desk: Desk) -> APIRouter:
    """Return the addresses of the audit trail, and of who asks."""
    router = APIRouter(tags=["audit"])

    @router.get("/audit", dependencies=[Depends(ADMIN)])
    def audit(
        who: Named = None, action: Named = None, limit: Limit = 50, offset: Offset = 0
    ) -> Page[AuditEntry]:
        """List who did what, newest first; `action` is its beginning, such as ``job.``."""
        return page_of(desk.ledger.audit(who, action, limit + 1, offset), limit)

    @router.get("/me")
    def me(person: Anybody) -> Known:
        """Tell who you are, and your role."""
        return Known(person.name, person.role)

    @router.put("/me/password", status_code=204)
    def change_own_password(new: OwnPassword, person: Anybody) -> None:
        """Give yourself another password, knowing the one before; your sessions end."""
        desk.deeds.change_own_password(person, new.old, new.new)

    return router


def _known(user: User) -> Known:
    return Known(user.name, user.role, user.created_at, user.password_at, user.subject)


def tokens_of(desk: Desk, user: str) -> Sequence[Token]:
    """Return the tokens of that user, without their digests."""
    return [
        Token(one.user, one.label, one.created_at, one.expires_at, one.used_at)
        for one in desk.ledger.api_tokens(user)
    ]
