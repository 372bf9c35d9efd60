"""The page's own server: on this machine unless told otherwise, until it is stopped."""

import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.errors import BadConfigurationError, RefusedError
from service.http.server import open_port, serve_http
from service.reader_study.answers import Answers
from service.reader_study.app import make_app
from service.reader_study.door import Door
from service.reader_study.light_box import LightBox
from service.reader_study.reading import Reading
from service.reader_study.session import ANSWERS, Session

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOOK_S = 2.0
"""How often it is looked whether the page is still served."""
ANY = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what is refused


@dataclass(frozen=True)
class Address:
    """A port that was taken, and the token without which nobody is let in."""

    listening: socket.socket
    host: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def port(self) -> int:
        """Which one it is."""
        return int(self.listening.getsockname()[1])

    @property
    def url(self) -> str:
        """What is to be opened in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/?token={self.token}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in LOOPBACK


def take(host: str, port: int) -> Address:
    """Take a port; 0 takes a free one.

    Raises:
        BadConfigurationError: it cannot be had.
        RefusedError: `host` names no host in particular.
    """
    if host in ANY:
        raise RefusedError(
            f"--host {host}: name one address; or leave the page on this machine and come by "
            "`ssh -L 8000:127.0.0.1:PORT`"
        )
    try:
        listening = open_port(host, port)
    except OSError as error:
        said = error.strerror or error
        raise BadConfigurationError(f"--host {host} --port {port}: {said}") from None
    return Address(listening, host)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One reader before their cases, and the folder that their answers go to."""

    folder: Path
    session: Session
    pairs: Sequence[tuple[Path, Path]]


def serve(
    address: Address, sitting: Sitting, now: Callable[[], datetime], stop: threading.Event
) -> Reading:
    """Serve the pages to that reader until `stop` is set; return how far they came.

    Raises:
        UnavailableError: the same reader reads elsewhere, or the disk fails.
    """
    light_box = LightBox(sitting.pairs)
    try:
        with Answers(sitting.folder / sitting.session.reader / ANSWERS) as answers:
            reading = Reading(sitting.session, answers, now)
            light_box.ahead(min(reading.open_cases(), default=1))
            door = Door(
                address.token, {*LOOPBACK, address.host}, f"senoscope-reading-{address.port}"
            )
            server = serve_http(make_app(reading, light_box, door), address.listening)
            while not stop.wait(LOOK_S) and server.is_alive:
                pass
            server.stop()
            return reading
    finally:
        light_box.close()
