"""Signing in by OpenID Connect: to the provider, and back."""

import hmac
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, unquote

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from service.console.access import address_of, cookie_name, is_secure
from service.console.desk import Desk
from service.console.oidc import Flow, Provider
from service.console.oidc_people import Identity
from service.console.pages.entering import AT_ONCE, asked, local, set_cookie
from service.console.person import DeniedError
from service.errors import RefusedError, UnavailableError
from service.http.access import OPEN

BACK = "/sign-in/oidc/back"
Said = Annotated[str, Query(max_length=4096)]
OVER = "that way to sign in was begun elsewhere or is over: begin anew"
CANCELLED = "the provider did not sign you in"


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider sends a browser back with."""

    code: str
    """Empty where it did not sign anybody in."""
    state: str
    issuer: str
    """Empty where it does not say."""


def elsewhere_router(desk: Desk) -> APIRouter:
    """Return the addresses of signing in by a provider."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(OPEN)])
    doorway = CapacityLimiter(AT_ONCE)

    @router.get("/sign-in/oidc")
    async def begin(
        request: Request,
        next: Annotated[str, Query(max_length=500)] = "/",  # noqa: A002
    ) -> Response:
        return await to_thread.run_sync(_begun, desk, request, local(next), limiter=doorway)

    @router.get(BACK)
    async def back(
        request: Request,
        code: Said = "",
        state: Said = "",
        error: Said = "",
        iss: Said = "",
    ) -> Response:
        told = Told("" if error else code, state, iss)
        return await to_thread.run_sync(_back, desk, request, told, limiter=doorway)

    return router


def _begun(desk: Desk, request: Request, onward: str) -> Response:
    """Lead the browser to the provider."""
    provider, secret = _provider(desk), secrets.token_urlsafe(32)
    try:
        there = provider.begin(_flow(provider, request, secret))
    except UnavailableError as error:
        return asked(desk, request, onward, str(error), HTTPStatus.SERVICE_UNAVAILABLE)
    answer = RedirectResponse(there, HTTPStatus.SEE_OTHER)
    set_cookie(answer, request, _cookie(request), f"{secret}.{quote(onward, safe='')}")
    return answer


def _back(desk: Desk, request: Request, told: Told) -> Response:
    """Return the browser that comes back signed in, or the page that says why not."""
    provider = _provider(desk)
    secret, _, onward = request.cookies.get(_cookie(request), "").partition(".")
    flow, onward = _flow(provider, request, secret), local(unquote(onward) or "/")
    try:
        _check(flow, provider, told.state, told.issuer)
        answer = _entered(desk, request, flow, told.code, onward)
    except (DeniedError, RefusedError, UnavailableError) as reason:
        answer = asked(desk, request, onward, str(reason), _status(reason))
    answer.delete_cookie(_cookie(request), secure=is_secure(request), httponly=True)
    return answer


def _entered(desk: Desk, request: Request, flow: Flow, code: str, onward: str) -> Response:
    """Return the browser to where it wanted to go, signed in; note it if it may not."""
    address = address_of(request)
    desk.door.check_patience(address)
    try:
        token = desk.door.let_in(_identity(desk, flow, code), address)
    except (DeniedError, RefusedError) as error:
        desk.door.turned_away(address, str(error))
        raise
    answer = RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    set_cookie(answer, request, cookie_name(request), token)
    return answer


def _identity(desk: Desk, flow: Flow, code: str) -> Identity:
    """Return who came back with that code."""
    if not code:
        raise DeniedError(HTTPStatus.FORBIDDEN, CANCELLED)
    return _provider(desk).identity(flow, code, desk.now())


def _check(flow: Flow, provider: Provider, state: str, issuer: str) -> None:
    """Raise DeniedError unless this browser began the flow, and this provider ends it."""
    is_ours = bool(flow.secret) and hmac.compare_digest(flow.state.encode(), state.encode())
    if not is_ours or (issuer and issuer != provider.issuer):
        raise DeniedError(HTTPStatus.FORBIDDEN, OVER)


def _provider(desk: Desk) -> Provider:
    if desk.provider is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "nobody signs in elsewhere: oidc.issuer is empty")
    return desk.provider


def _flow(provider: Provider, request: Request, secret: str) -> Flow:
    here = f"{request.url.scheme}://{request.url.netloc}{BACK}"
    return Flow(secret, provider.redirect_url or here)


def _cookie(request: Request) -> str:
    """Return the name of the cookie by which the browser is known again."""
    return "__Host-senoscope-oidc" if is_secure(request) else "senoscope-oidc"


def _status(reason: DeniedError | RefusedError | UnavailableError) -> HTTPStatus:
    if isinstance(reason, DeniedError):
        return reason.status
    unavailable = isinstance(reason, UnavailableError)
    return HTTPStatus.SERVICE_UNAVAILABLE if unavailable else HTTPStatus.FORBIDDEN
