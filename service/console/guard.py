"""What holds for every answer and every request of the HTTP port, before anything looks at it."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.console.access import SAFE
from service.console.body import Body
from service.console.problems import MEDIA_TYPE, problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
LARGEST = 1 << 20
"""Bytes of a form or of JSON."""
LONGEST_S = 30.0
"""For the body of a request, in all: who sends it by drops keeps a connection from others."""
DICOM_WEB = "/dicom-web/"
"""Objects are larger, come with a token, and have a door of their own."""
UPLOADS: frozenset[str] = frozenset()
"""Addresses that take files, which bound them themselves."""


@dataclass(frozen=True)
class Guard:
    """Turns away what another site's page sends, and what is too large; marks every answer."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = _refused(scope)
        if refused is not None or not _has_form(scope):
            await (refused or self.app)(scope, receive, marked)
            return
        body = Body(receive, LONGEST_S)
        await self.app(scope, body.receive, body.unless_late(marked))
        if body.is_late:
            late = _answer(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time")
            late.headers["Connection"] = "close"
            await late(scope, receive, marked)


def _has_form(scope: Scope) -> bool:
    """Tell whether the request may bring along what is to be looked at here."""
    return scope["method"] not in SAFE and not scope["path"].startswith(DICOM_WEB)


def _refused(scope: Scope) -> JSONResponse | None:
    """Return what to answer instead, None if the request may go on."""
    if not _has_form(scope):
        return None
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and _host_of(origin) != headers.get("host", ""):
        return _answer(HTTPStatus.FORBIDDEN, "another site's page may not ask here")
    return None if scope["path"] in UPLOADS else _too_large(headers)


def _host_of(origin: str) -> str | None:
    """Return the host in an Origin, None where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # as of half an IPv6 address
        return None


def _too_large(headers: Headers) -> JSONResponse | None:
    if "transfer-encoding" in headers:
        return _answer(HTTPStatus.LENGTH_REQUIRED, "say how long the body is")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST:
        return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is too much for a form")
    return None


def _answer(status: HTTPStatus, reason: str) -> JSONResponse:
    return JSONResponse(problem(status, reason), status, media_type=MEDIA_TYPE)
