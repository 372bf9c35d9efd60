"""A door of the node on loopback, and peers that speak DICOM well or badly, for tests."""

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clock import now
from prometheus_client import CollectorRegistry
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from service.intake.part import Intake
from service.intake.taking import Taking
from service.ledger.spool import Spool
from service.ledger.sql import SqlLedger, open_ledger
from service.listener.admission import Admission, Caller, Most
from service.listener.listener import Address, Listener
from service.listener.promises import Promises
from service.listener.store import Store
from service.metrics import Metrics

NODE = "SENOSCOPE"
VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True)
class Door:
    """A listener with a real spool and ledger behind it."""

    listener: Listener
    spool: Spool
    ledger: SqlLedger
    registry: CollectorRegistry

    @property
    def port(self) -> int:
        return self.listener.port

    def reasons(self) -> list[str]:
        """Return why things were refused, oldest first."""
        return [refusal.reason for refusal in reversed(self.ledger.refusals())]


@contextmanager
def door(
    folder: Path,
    calling: tuple[str | Caller, ...] = ("*",),
    most: int | Most = 8,
    low_water: int = 0,
    counts: Metrics | None = None,
    spool: Spool | None = None,
    **address: Any,
) -> Iterator[Door]:
    """Let a listener listen, on a free port if none is named."""
    spool = spool or Spool(folder / "received")
    ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", now)
    registry = CollectorRegistry()
    rules = {key: address.pop(key) for key in ("networks", "names") if key in address}
    is_reachable = address.pop("is_reachable", None)
    handler = address.pop("handler", None)
    intake = Intake(spool, low_water)
    listener = Listener(
        Address(**{"host": "127.0.0.1", "port": 0, **address}),
        Admission(
            NODE,
            lambda: [one if isinstance(one, Caller) else Caller(one) for one in calling],
            most if isinstance(most, Most) else Most(most),
            intake,
            **rules,
        ),
        Store(Taking(spool, ledger, counts or Metrics(registry, "test"), now)),
        Promises(ledger, spool, is_reachable, now) if is_reachable else None,
        handler,
    )
    listener.start()
    try:
        yield Door(listener, spool, ledger, registry)
    finally:
        listener.stop(0)
        ledger.close()


def dcmtk(program: str, port: int, *arguments: str | Path, calling: str = "MAMMO1"):
    """Run a program of dcmtk against the node, and return what came of it."""
    return subprocess.run(
        [program, "-aet", calling, "-aec", NODE, *_options(arguments), "127.0.0.1", str(port)]
        + [str(one) for one in arguments if isinstance(one, Path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _options(arguments: tuple[str | Path, ...]) -> list[str]:
    return [one for one in arguments if isinstance(one, str)]


# What follows speaks the upper layer by hand, so that it can speak it wrongly: PS3.8 section 9.3.


class Raw:
    """A connection on which any bytes can be sent."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reasons: tuple[int, ...] = ()
        """Result, source and diagnostic of a rejection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def associate(self, called: str = NODE, syntax: str = ExplicitVRLittleEndian) -> "Raw":
        """Open an association for CT images (context 1) and Verification (context 3)."""
        assert self.requested(called, syntax) == "accepted"
        return self

    def requested(self, called: str = NODE, syntax: str = ExplicitVRLittleEndian) -> str | int:
        """Ask for that association and return the answer."""
        contexts = ((1, CTImageStorage, syntax), (3, VERIFICATION, ImplicitVRLittleEndian))
        body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + b"FAULT".ljust(16)
        body += bytes(32) + _item(0x10, b"1.2.840.10008.3.1.1.1")
        for number, abstract, transfer in contexts:
            proposal = _item(0x30, abstract.encode()) + _item(0x40, transfer.encode())
            body += _item(0x20, bytes((number, 0, 0, 0)) + proposal)
        body += _item(0x50, _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"1.2.3.4"))
        self.send(struct.pack(">BBL", 1, 0, len(body)) + body)
        return self.receive()

    def release(self) -> None:
        self.send(b"\5\0\0\0\0\4\0\0\0\0")
        assert self.receive() == "released"

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def store(self, content: bytes, uid: str = "1.2.3.9.1", context: int = 1) -> None:
        """Send a C-STORE request with `content` as its data set."""
        self.command(uid, context=context)
        for start in range(0, max(len(content), 1), 16000):
            last = start + 16000 >= len(content)
            self.fragment(content[start : start + 16000], last=last, context=context)

    def command(self, uid: str, has_data_set: int = 1, context: int = 1) -> None:
        elements = _element(0x0002, CTImageStorage) + _element(0x0100, 1) + _element(0x0110, 1)
        elements += _element(0x0700, 0) + _element(0x0800, 1 if has_data_set else 0x0101)
        elements += _element(0x1000, uid)
        self.value(3, struct.pack("<HHLL", 0, 0, 4, len(elements)) + elements, context)

    def fragment(self, content: bytes, *, last: bool, context: int = 1) -> None:
        self.value(2 if last else 0, content, context)

    def value(self, control: int, content: bytes, context: int = 1) -> None:
        head = struct.pack(">BBLLBB", 4, 0, len(content) + 6, len(content) + 2, context, control)
        self.send(head + content)

    def receive(self) -> str | int:
        """Return what the next PDU is, in a word; the status if it is an answer."""
        try:
            head = self._read(6)
            body = self._read(struct.unpack(">L", head[2:])[0]) if len(head) == 6 else b""
        except ConnectionResetError:
            return "closed"
        if len(head) < 6:
            return "closed"
        self.reasons = tuple(body[1:4]) if head[0] == 3 else ()
        words = {2: "accepted", 3: "rejected", 6: "released", 7: "aborted"}
        return words.get(head[0]) or _status(body[6:])

    def _read(self, length: int) -> bytes:
        found = b""
        while len(found) < length and (more := self.socket.recv(length - len(found))):
            found += more
        return found


def ct(uid: str = "1.2.3.9.1", study: str = "1.2.3.9", pixels: int = 20000) -> bytes:
    """Return the smallest CT image that this node keeps, in Explicit VR Little Endian."""
    return (
        explicit(0x00080016, b"UI", CTImageStorage.encode())
        + explicit(0x00080018, b"UI", uid.encode())
        + explicit(0x0020000D, b"UI", study.encode())
        + explicit(0x0020000E, b"UI", b"1.2.3.9.0")
        + explicit(0x7FE00010, b"OW", bytes(pixels))
    )


def explicit(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return one element in Explicit VR Little Endian."""
    value += bytes(len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in {b"OW", b"OB", b"SQ", b"UN", b"UT"}:
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _element(element: int, value: int | str) -> bytes:
    content = struct.pack("<H", value) if isinstance(value, int) else value.encode()
    content += bytes(len(content) % 2)
    return struct.pack("<HHL", 0, element, len(content)) + content


def _status(command: bytes) -> int | str:
    offset = 0
    while offset + 8 <= len(command):
        group, element, length = struct.unpack_from("<HHL", command, offset)
        if (group, element) == (0, 0x0900):
            return int(struct.unpack_from("<H", command, offset + 8)[0])
        offset += 8 + length
    return "no status"
