"""Who may come to the page: whoever was given its address with the token, on this machine."""

import hmac
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
ENTERING = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Reader study</title>'
    '<link rel="icon" href="data:,">'
    '<meta http-equiv="refresh" content="0; url=/"><p><a href="/">Go on</a></p></html>'
)
"""A page that leads on: a redirect from another site would leave a strict cookie behind."""

Next = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Door:
    """Lets in what names this server as its host and shows the token."""

    token: str
    hosts: Collection[str]
    cookie: str
    """Its name: browsers tell hosts apart, but not ports."""

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """Return the answer of the page behind, or of the door."""
        answer = self._turned_away(request)
        if answer is None:
            answer = self._entered(request) or await call_next(request)
        answer.headers.update(HEADERS)
        return answer

    def _turned_away(self, request: Request) -> Response | None:
        if _host(request.headers.get("host", "")) not in self.hosts:
            return _refused(HTTPStatus.MISDIRECTED_REQUEST, "this server is called otherwise")
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["host"]:
            return _refused(HTTPStatus.FORBIDDEN, "another site may not ask here")
        shown = request.cookies.get(self.cookie) or request.query_params.get("token", "")
        if not hmac.compare_digest(shown.encode(), self.token.encode()):
            said = "open the address that `senoscope reader-study run` printed, token and all"
            return _refused(HTTPStatus.FORBIDDEN, said)
        return None

    def _entered(self, request: Request) -> Response | None:
        """Hand out the cookie in exchange for a token in the address."""
        if "token" not in request.query_params:
            return None
        page = HTMLResponse(ENTERING)
        page.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
        return page


def _host(header: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _refused(status: HTTPStatus, reason: str) -> Response:
    return PlainTextResponse(f"{reason}\n", status)
