"""Who is told by a node under test: a mail server and a web server, real ones, on loopback."""

import json
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from authority import Identity

from service.demo.orthanc import free_port

HOST = "127.0.0.1"


@dataclass
class MailServer:
    """An SMTP server; with an identity it speaks STARTTLS and wants user and password."""

    identity: Identity | None = None
    port: int = field(default_factory=free_port)
    letters: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    answer: str = "250 kept as 4711"
    refuses: frozenset[str] = frozenset()
    """Addresses that it takes nothing for."""
    _controller: Controller | None = None

    def start(self) -> None:
        options: dict[str, Any] = {}
        if self.identity is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(self.identity.cert, self.identity.key)
            options = {
                "tls_context": tls,
                "require_starttls": True,
                "auth_required": True,
                "authenticator": self._authenticate,
            }
        self._controller = Controller(self, hostname=HOST, port=self.port, **options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def _authenticate(self, *told: Any) -> AuthResult:
        who: LoginPassword = told[-1]
        self.logins.append((who.login.decode(), who.password.decode()))
        return AuthResult(success=who.password == b"a secret of mail", handled=False)

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's
        _, _, envelope, address, _ = told
        if address in self.refuses:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's
        _, _, envelope = told
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@dataclass(frozen=True)
class Call:
    """What a web server was sent."""

    headers: Mapping[str, str]
    content: bytes

    @property
    def told(self) -> Mapping[str, Any]:
        return json.loads(self.content)


@dataclass
class WebServer:
    """Takes what is posted to it, and answers `status`."""

    port: int = field(default_factory=free_port)
    status: int = 200
    calls: list[Call] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/told"

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append(Call(dict(self.headers), content))
                with suppress(ConnectionError):
                    self.send_response(outer.status)
                    self.end_headers()
                    self.wfile.write(b"thank you")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
