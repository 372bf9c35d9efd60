"""The HTTP port as a thread of the node."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import uvicorn
from fastapi import FastAPI
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.errors import BadConfigurationError

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

OPENING_S = 30.0
"""Longest wait for a request on a connection that was opened."""
MOST_SILENT = 200
"""Connections without a request: of more, that makes way which was opened first."""
MOST_AT_HAND = 300
"""Requests that are answered at once; while there are more, others are answered 503."""
TENTHS = 5
"""Of a second, between looks; uvicorn tells the time anew when their count ends in a nought."""
DAY = 864_000
"""In tenths of a second."""


@dataclass(frozen=True)
class HttpServer:
    """Serves an application until it is stopped."""

    port: int
    _server: uvicorn.Server
    _thread: threading.Thread

    @property
    def is_alive(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish what is being answered, then close."""
        self._server.should_exit = True
        self._thread.join(timeout=10)


class Patient(H11Protocol):
    """Ends a connection on which no request comes in time: uvicorn alone would wait for ever.

    Silent ones keep nobody else out: to uvicorn alone they count as requests.
    """

    opening_s = OPENING_S
    opened = 0.0
    """By the loop's clock."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self.opened = self.loop.time()
        self.loop.call_later(self.opening_s, self._look, None)
        if len(self.connections) > MOST_SILENT:
            self._make_way()

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; whoever is at its request writes to nobody any more."""
        if self._request is not None:
            self._request.disconnected = True
        super().send_400_response(msg)

    @property
    def _request(self) -> "RequestResponseCycle | None":
        """The last request."""
        return cast("RequestResponseCycle | None", self.cycle)

    @property
    def is_silent(self) -> bool:
        """Whether no request is being answered."""
        return self._request is None or self._request.response_complete

    def _make_way(self) -> None:
        """End the silent connection that was opened first, if there are too many of them."""
        others = cast("set[Patient]", self.connections)
        silent = [one for one in others if one.is_silent and not one.transport.is_closing()]
        if len(silent) > MOST_SILENT:
            min(silent, key=lambda one: one.opened).transport.close()

    def _look(self, last: object) -> None:
        """End the connection if there was no request since `last`, and none is being answered."""
        if self.transport.is_closing():
            return
        if self._request is last and self.is_silent:
            self.transport.close()
            return
        self.loop.call_later(self.opening_s, self._look, self._request)


class Calm(uvicorn.Server):
    """Looks twice a second whether it is to end, not ten times: an idle node shall rest."""

    @override
    async def main_loop(self) -> None:
        """Serve until it is to end."""
        tenths = 0
        while not await self.on_tick(tenths):
            tenths = (tenths + TENTHS) % DAY
            await asyncio.sleep(TENTHS / 10)


def serve_http(
    app: FastAPI,
    listening: socket.socket,
    tls: ssl.SSLContext | None = None,
    proxies: Sequence[str] = (),
) -> HttpServer:
    """Start serving `app` in a thread, to those who come to that socket.

    Of those who come from `proxies`, addresses or networks, it is believed for whom they come, and
    whether by TLS (X-Forwarded-For, X-Forwarded-Proto).
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=Patient,
        limit_concurrency=MOST_SILENT + MOST_AT_HAND,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    config.load()
    config.ssl = tls
    server = Calm(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="http", daemon=True)
    thread.start()
    return HttpServer(listening.getsockname()[1], server, thread)


def listen(host: str, port: int) -> socket.socket:
    """Take that port; who connects waits until it is served.

    Raises:
        BadConfigurationError: if it cannot be had.
    """
    try:
        return open_port(host, port)
    except OSError as error:
        raise BadConfigurationError(
            f"http.port {port} on {host} cannot be opened: {error.strerror}; "
            "choose another in senoscope.toml or SENOSCOPE_HTTP__PORT"
        ) from None


def open_port(host: str, port: int) -> socket.socket:
    """Take that port; 0 takes a free one.

    Raises:
        OSError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # inherited by who is accepted: else a body waits 40 ms until its header is acknowledged
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
