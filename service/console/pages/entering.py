"""Signing in and out."""

import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from service.console.access import VIEWER, address_of, cookie_name, form, is_secure
from service.console.desk import Desk
from service.console.person import DeniedError, Person
from service.http.access import OPEN

Form = Annotated[Mapping[str, str], Depends(form)]
FIRST_COOKIE = "senoscope-form"
"""Before anybody is signed in, a form must bring along what this says."""


def entering_router(desk: Desk) -> APIRouter:
    """Return the addresses of coming and going."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in", dependencies=[Depends(OPEN)])
    def ask(request: Request, next: Annotated[str, Query(max_length=500)] = "/") -> Response:  # noqa: A002
        return _asked(desk, request, _local(next), "", HTTPStatus.OK)

    @router.post("/sign-in", dependencies=[Depends(OPEN)])
    async def sign_in(request: Request, given: Form) -> Response:
        onward = _local(given.get("next", "/"))
        shown = request.cookies.get(FIRST_COOKIE, "")
        if not shown or not hmac.compare_digest(shown.encode(), given.get("csrf", "").encode()):
            said = "that page was too old: try again"
            return _asked(desk, request, onward, said, HTTPStatus.FORBIDDEN)
        who = given.get("name", ""), given.get("password", ""), address_of(request)
        try:
            token = await run_in_threadpool(desk.door.sign_in, *who)
        except DeniedError as error:
            return _asked(desk, request, onward, str(error), error.status)
        answer = RedirectResponse(onward, HTTPStatus.SEE_OTHER)
        _set_cookie(answer, request, cookie_name(request), token)
        answer.delete_cookie(FIRST_COOKIE)
        return answer

    @router.post("/sign-out")
    def sign_out(request: Request, person: Annotated[Person, Depends(VIEWER)]) -> Response:
        name = cookie_name(request)
        desk.door.sign_out(request.cookies.get(name, ""), person)
        answer = RedirectResponse("/sign-in?did=signed-out", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(name, secure=is_secure(request), httponly=True, samesite="lax")
        return answer

    return router


def _asked(desk: Desk, request: Request, onward: str, error: str, status: HTTPStatus) -> Response:
    """Return the page where people sign in."""
    token = request.cookies.get(FIRST_COOKIE) or secrets.token_urlsafe(24)
    answer = desk.pages.page(
        request,
        "sign-in",
        status=status,
        onward=onward,
        error=error,
        token=token,
        deserted=desk.door.is_deserted(),
    )
    _set_cookie(answer, request, FIRST_COOKIE, token)
    return answer


def _set_cookie(answer: Response, request: Request, name: str, value: str) -> None:
    answer.set_cookie(
        name, value, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def _local(address: str) -> str:
    """Return `address` if it is one of this node's own, else the first page's."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"
