"""The HTTP port as a thread of the node."""

import socket
import threading
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from service.errors import BadConfigurationError


@dataclass(frozen=True)
class HttpServer:
    """Serves an application until it is stopped."""

    port: int
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Finish what is being answered, then close."""
        self._server.should_exit = True
        self._thread.join(timeout=10)


def serve_http(app: FastAPI, listening: socket.socket) -> HttpServer:
    """Start serving `app` in a thread, to those who come to that socket."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],), name="http", daemon=True)
    thread.start()
    return HttpServer(listening.getsockname()[1], server, thread)


def listen(host: str, port: int) -> socket.socket:
    """Take that port; who connects waits until it is served.

    Raises:
        BadConfigurationError: if it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise BadConfigurationError(
            f"http.port {port} on {host} cannot be opened: {error.strerror}; "
            "choose another in senoscope.toml or SENOSCOPE_HTTP__PORT"
        ) from None
    return listening
