"""What systemd is told of a service that it started: sd_notify(3)."""

import contextlib
import os
import socket
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Systemd:
    """Tells systemd how the service fares; tells nobody where it did not start it."""

    address: str = ""
    every_s: float = 20.0
    """How often it expects a sign of life, and half of that again to spare."""

    @classmethod
    def from_environment(cls) -> Self:
        """Return what the environment names, and take it out: it is not meant for children."""
        address = os.environ.pop("NOTIFY_SOCKET", "")  # noqa: TID251 - systemd's way
        watchdog_us = os.environ.pop("WATCHDOG_USEC", "")  # noqa: TID251 - systemd's way
        every_s = int(watchdog_us) / 3_000_000 if watchdog_us.isdecimal() else cls().every_s
        return cls(address, every_s)

    def tell(self, state: str) -> None:
        """Send `state`, such as ``READY=1``; that nobody hears it is no fault."""
        if not self.address:
            return
        there = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.sendto(state.encode("utf-8"), there)
