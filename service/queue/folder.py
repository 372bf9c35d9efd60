"""A broker that is a folder: nothing to install, nothing to keep running.

Kombu has such a transport, ``filesystem``; ours differs where that one fails a node that may be
killed at any moment. A message is there wholly or not at all; taking it moves it nowhere; there are
no tables of exchanges that a half write could break; and it works with Celery's event loop, so that
pool processes share no lock that a killed one would keep for ever.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

from service.queue.arrivals import Arrivals
from service.secret import folder_for_us_alone

TRANSPORT = f"{__name__}:Transport"
POLL_S = 1.0
"""Between looks at the folder where the kernel tells what comes, in case it does not."""
DEAF_POLL_S = 0.05
"""Where it cannot tell."""


class Channel(virtual.Channel):  # type: ignore[misc] # kombu has no types
    """Messages as files of one folder, named by queue and time."""

    @property
    def folder(self) -> Path:
        """Where the messages lie; it is made anew where somebody took it away."""
        folder = Path(self.connection.client.transport_options["folder"])
        _make(folder)
        return folder

    def _put(self, queue: str, message: Any, **_: object) -> None:  # noqa: ANN401 - kombu's
        name = f"{queue}.{time.time_ns():020}.{uuid4().hex}"
        part = self.folder / f"{name}.part"
        try:
            part.write_text(dumps(message), encoding="utf-8")
            part.rename(part.with_suffix(".msg"))
        except OSError:
            part.unlink(missing_ok=True)  # a full disk would collect one with each try
            raise

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ANN401 - kombu's
        del timeout
        for path in sorted(self._waiting(queue)):
            with contextlib.suppress(FileNotFoundError):  # another worker took it
                content = path.read_text(encoding="utf-8")
                path.unlink()
                return loads(content)
        raise Empty

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002 - kombu's
        """Say that a message is dealt with: there is room for the next."""
        super().basic_ack(delivery_tag, multiple)
        self.connection.look_soon()

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._waiting(queue))

    def _purge(self, queue: str) -> int:
        waiting = list(self._waiting(queue))
        for path in waiting:
            path.unlink(missing_ok=True)
        return len(waiting)

    def _waiting(self, queue: str) -> Iterator[Path]:
        return self.folder.glob(f"{queue}.*.msg")


class Transport(virtual.Transport):  # type: ignore[misc] # kombu has no types
    """See `Channel`."""

    Channel = Channel
    default_port = 0
    driver_type = "folder"
    driver_name = "folder"
    implements = virtual.Transport.implements.extend(asynchronous=True)

    loop: Any = None
    arrivals: Arrivals | None = None

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:  # noqa: ANN401 - kombu's
        """Look for messages as long as `loop` runs: when one comes, and now and then."""
        folder = Path(connection.client.transport_options["folder"])
        _make(folder)
        self.loop = loop
        try:
            self.arrivals = Arrivals(folder)
        except OSError:
            loop.call_repeatedly(DEAF_POLL_S, self._take_all)
            return
        loop.add_reader(self.arrivals.fileno(), self._hear)
        loop.call_repeatedly(POLL_S, self._look)

    def look_soon(self) -> None:
        """Look for a message when what is done now is done."""
        if self.loop is not None:
            self.loop.call_soon(self._take_all)

    def close_connection(self, connection: Any) -> None:  # noqa: ANN401 - kombu's
        """Let go of the loop and of the folder."""
        if self.arrivals is not None:
            self.loop.remove_reader(self.arrivals.fileno())
            self.arrivals.close()
        self.loop = self.arrivals = None
        super().close_connection(connection)

    def _hear(self) -> None:
        if self.arrivals is not None:
            self.arrivals.drain()
            self._take_all()

    def _look(self) -> None:
        """Look for messages, in a folder that may be another than before."""
        self._take_all()
        if self.arrivals is not None:
            with contextlib.suppress(OSError):
                self.arrivals.watch()

    def driver_version(self) -> str:
        """Return what Celery shows as the version."""
        return "1"

    def _take_all(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self.cycle.get(self._deliver)


def sweep(folder: Path, older_than: float) -> int:
    """Remove half-written messages last touched before that POSIX time; return how many."""
    left = [part for part in folder.glob("*.part") if part.stat().st_mtime < older_than]
    for part in left:
        part.unlink(missing_ok=True)
    return len(left)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder_for_us_alone(folder.parent)
        folder.mkdir(exist_ok=True)
