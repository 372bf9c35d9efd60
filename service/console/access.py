"""What each address asks of whoever comes: every endpoint says it itself, or nobody gets there."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from service.console.person import DeniedError, Person
from service.ledger.people import Role

if TYPE_CHECKING:
    from service.console.door import Door

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
LIVE_HEADER = "x-live"
"""Said by a page that asks by itself: that keeps no session alive."""
MOST_FIELDS = 100


@dataclass(frozen=True)
class Needs:
    """Lets in who has that role or a higher one, and gives the endpoint the person."""

    role: Role

    async def __call__(self, request: Request) -> Person:
        """Return who asks.

        Raises:
            NotSignedInError: if nobody is signed in.
            DeniedError: if they may not, or a form is not one of theirs.
        """
        person = await run_in_threadpool(self._person, request)
        if person.csrf and request.method not in SAFE:
            await _check_csrf(request, person.csrf)
        if not person.role.covers(self.role):
            raise DeniedError(
                HTTPStatus.FORBIDDEN, f"this needs the role {self.role}; you are {person.role}"
            )
        return person

    def _person(self, request: Request) -> Person:
        door = cast("Door", request.app.state.door)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if request.url.path.startswith(API) and scheme.lower() == "bearer":
            return door.program(token.strip(), address_of(request))
        cookie = request.cookies.get(cookie_name(request), "")
        is_deed = LIVE_HEADER not in request.headers
        return door.who(cookie, address_of(request), is_deed=is_deed)


VIEWER = Needs(Role.VIEWER)
OPERATOR = Needs(Role.OPERATOR)
ADMIN = Needs(Role.ADMIN)


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def is_secure(request: Request) -> bool:
    """Tell whether the browser speaks TLS, with this node or with a proxy that it trusts."""
    return request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie: with TLS no other host can have set it."""
    return "__Host-senoscope" if is_secure(request) else "senoscope"


async def form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; of one that comes twice, the last.

    Raises:
        DeniedError: if it is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        text = (await request.body()).decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except (UnicodeDecodeError, ValueError, ClientDisconnect):
        raise DeniedError(HTTPStatus.BAD_REQUEST, "that form cannot be read") from None


async def _check_csrf(request: Request, wanted: str) -> None:
    """Raise DeniedError unless the request comes from a page of this session."""
    given = request.headers.get(CSRF_HEADER) or (await form(request)).get(CSRF_FIELD, "")
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise DeniedError(
            HTTPStatus.FORBIDDEN, "that form is not of this session: load the page again"
        )
