"""Signing in and out."""

import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from service.console.access import VIEWER, address_of, cookie_name, form, is_secure
from service.console.desk import Desk
from service.console.person import DeniedError, Person
from service.http.access import OPEN

Form = Annotated[Mapping[str, str], Depends(form)]
FIRST_COOKIE = "senoscope-form"
"""Before anybody is signed in, a form must bring along what this says."""
AT_ONCE = 4
"""Who sign in wait for each other, and keep no thread from those who are signed in."""


def entering_router(desk: Desk) -> APIRouter:
    """Return the addresses of coming and going."""
    router, doorway = APIRouter(include_in_schema=False), CapacityLimiter(AT_ONCE)

    @router.get("/sign-in", dependencies=[Depends(OPEN)])
    def ask(request: Request, next: Annotated[str, Query(max_length=500)] = "/") -> Response:  # noqa: A002
        return asked(desk, request, local(next), "", HTTPStatus.OK)

    @router.post("/sign-in", dependencies=[Depends(OPEN)])
    async def sign_in(request: Request, given: Form) -> Response:
        return await to_thread.run_sync(_signed_in, desk, request, given, limiter=doorway)

    @router.post("/sign-out")
    def sign_out(request: Request, person: Annotated[Person, Depends(VIEWER)]) -> Response:
        name = cookie_name(request)
        desk.door.sign_out(request.cookies.get(name, ""), person)
        answer = RedirectResponse("/sign-in?did=signed-out", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(name, secure=is_secure(request), httponly=True, samesite="lax")
        return answer

    return router


def _signed_in(desk: Desk, request: Request, given: Mapping[str, str]) -> Response:
    """Return the browser to where it wanted to go, signed in, or the page that says why not."""
    onward = local(given.get("next", "/"))
    shown = request.cookies.get(FIRST_COOKIE, "")
    if not shown or not hmac.compare_digest(shown.encode(), given.get("csrf", "").encode()):
        said = "that page was too old: try again"
        return asked(desk, request, onward, said, HTTPStatus.FORBIDDEN)
    who = given.get("name", ""), given.get("password", ""), address_of(request)
    try:
        token = desk.door.sign_in(*who)
    except DeniedError as error:
        return asked(desk, request, onward, str(error), error.status)
    answer = RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    set_cookie(answer, request, cookie_name(request), token)
    answer.delete_cookie(FIRST_COOKIE)
    return answer


def asked(desk: Desk, request: Request, onward: str, error: str, status: HTTPStatus) -> Response:
    """Return the page where people sign in."""
    token = request.cookies.get(FIRST_COOKIE) or secrets.token_urlsafe(24)
    answer = desk.pages.page(
        request,
        "sign-in",
        status=status,
        onward=onward,
        error=error,
        token=token,
        deserted=desk.provider is None and desk.door.is_deserted(),
        elsewhere=desk.provider.title if desk.provider is not None else "",
    )
    set_cookie(answer, request, FIRST_COOKIE, token)
    return answer


def set_cookie(answer: Response, request: Request, name: str, value: str) -> None:
    """Give the browser a cookie that no script reads and no other site's form brings along."""
    answer.set_cookie(
        name, value, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def local(address: str) -> str:
    """Return `address` if it is one of this node's own, else the first page's."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"
