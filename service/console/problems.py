"""What went wrong, told to programs (RFC 9457) and to people."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from service.console.person import DeniedError, NotSignedInError
from service.console.render import Pages
from service.errors import NodeError, RefusedError, UnavailableError, UnknownError, WrongUsageError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5
_STATUS: Sequence[tuple[type[NodeError], HTTPStatus]] = (
    (UnknownError, HTTPStatus.NOT_FOUND),
    (WrongUsageError, HTTPStatus.BAD_REQUEST),
    (RefusedError, HTTPStatus.CONFLICT),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def problem(status: HTTPStatus, detail: str) -> Mapping[str, Any]:
    """Return a problem as RFC 9457 has it."""
    return {
        "type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail
    }  # fmt: skip


def tell_problems(app: FastAPI, pages: Pages) -> None:
    """Let `app` answer errors as problems: JSON for programs, a page for people."""
    teller = Teller(pages)
    app.exception_handler(NotSignedInError)(teller.not_signed_in)
    app.exception_handler(DeniedError)(teller.denied)
    app.exception_handler(NodeError)(teller.failed)
    app.exception_handler(HTTPException)(teller.http)
    app.exception_handler(RequestValidationError)(teller.invalid)


@dataclass(frozen=True)
class Teller:
    """Answers errors."""

    pages: Pages

    def told(self, request: Request, status: HTTPStatus, detail: str) -> Response:
        """Return a problem as whoever asked can read it."""
        headers = _headers(status)
        if is_for_people(request):
            return self.pages.problem(request, status, detail, headers)
        return JSONResponse(problem(status, detail), status, headers, MEDIA_TYPE)

    def not_signed_in(self, request: Request, error: NotSignedInError) -> Response:
        """Lead people to where they sign in."""
        if not is_for_people(request):
            return self.told(request, error.status, str(error))
        if "hx-request" in request.headers:
            return Response(status_code=HTTPStatus.OK, headers={"HX-Redirect": "/sign-in"})
        return RedirectResponse(self.pages.sign_in_address(request), HTTPStatus.SEE_OTHER)

    def denied(self, request: Request, error: DeniedError) -> Response:
        """Say why not."""
        return self.told(request, error.status, str(error))

    def failed(self, request: Request, error: NodeError) -> Response:
        """Say what is wrong; what is wrong with the node itself is logged besides."""
        status = next(
            (status for kind, status in _STATUS if isinstance(error, kind)),
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.warning("%s %s: %s", request.method, request.url.path, error)
        return self.told(request, status, str(error))

    def http(self, request: Request, error: HTTPException) -> Response:
        """Say what the address has to say."""
        return self.told(request, HTTPStatus(error.status_code), str(error.detail))

    def invalid(self, request: Request, error: RequestValidationError) -> Response:
        """Say which parameters are wrong."""
        detail = "; ".join(map(_said, error.errors()))
        return self.told(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def is_for_people(request: Request) -> bool:
    """Tell whether a browser shows the answer."""
    wants_page = "text/html" in request.headers.get("accept", "")
    is_page = wants_page or "hx-request" in request.headers
    return is_page and not request.url.path.startswith(("/api/v1", "/dicom-web"))


def _said(error: Mapping[str, Any]) -> str:
    """Return in words what is wrong with a parameter; its value is not repeated."""
    where = ".".join(str(part) for part in error["loc"][1:])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _headers(status: HTTPStatus) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return {"Retry-After": str(RETRY_S)}
    return {}
