"""Memory that an association takes while an image comes in, by the image's size.

    python bench/receive_memory.py [--quick]

Associations are held within a data set; what the listener's process has for itself (USS) is read,
and what it had with one such association before is taken off.
"""

import argparse
import socket
import struct
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from support.receivers import CALLED, HOST, listening, senoscope
from support.results import begun, table

WANTED = 4_000_000
"""Bytes beyond the base for each association: issue 5."""
COLUMNS = ("image, MB", "associations", "MB each beyond the base", f"under {WANTED / 1e6:.0f}")
CLASS, SYNTAX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
CONTEXT_NAME = "1.2.840.10008.3.1.1.1"
PDU = 131060


def main() -> None:
    """Print the bytes of one association among 1, 16 and 64, for images of 27 and 200 MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="images of 27 MB")
    quick = parser.parse_args().quick
    command = "python bench/receive_memory.py"
    run = begun("receive-memory", "Memory of receiving", command, whole=not quick)
    rows = []
    for megabytes in (27,) if quick else (27, 200):
        for associations in (1, 16, 64):
            each = _measure(megabytes * 1_000_000, associations)
            row = (megabytes, associations, round(each / 1e6, 2), "yes" if each < WANTED else "NO")
            rows.append(dict(zip(COLUMNS, row, strict=True)))
            print(rows[-1], flush=True)
    most = max(row[COLUMNS[2]] for row in rows)
    figures = {"memory of an association within an image, whatever its size": f"{most} MB"}
    run.write(f"{run.made()}USS beyond the base.\n\n{table(rows)}", figures, rows=rows)


def _measure(size: int, associations: int) -> float:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        receiver = ends.enter_context(
            listening("senoscope", lambda root, port: senoscope(root, port, 80), Path(folder) / "r")
        )
        first = ends.enter_context(_associated(receiver.port))
        _send_most_of(first, 1_000_000)
        time.sleep(1)
        before = _own(receiver.process)
        others = [ends.enter_context(_associated(receiver.port)) for _ in range(associations)]
        for peer in others:
            _send_most_of(peer, size)
        time.sleep(1)
        return (_own(receiver.process) - before) / associations


def _own(process: psutil.Process) -> int:
    return int(process.memory_full_info().uss)


def _associated(port: int) -> socket.socket:
    """Return a connection on which an association for CT images is open."""
    peer = socket.create_connection((HOST, port), timeout=30)
    offered = _item(0x30, CLASS.encode()) + _item(0x40, SYNTAX.encode())
    body = struct.pack(">HH16s16s32x", 1, 0, CALLED.ljust(16).encode(), b"SENDER".ljust(16))
    body += _item(0x10, CONTEXT_NAME.encode()) + _item(0x20, b"\1\0\0\0" + offered)
    body += _item(0x50, _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"1.2.3.4"))
    peer.sendall(struct.pack(">BBL", 1, 0, len(body)) + body)
    if peer.recv(65536)[:1] != b"\2":
        raise SystemExit("the node refused an association")
    return peer


def _send_most_of(peer: socket.socket, size: int) -> None:
    """Send a C-STORE request and all but the last fragment of its data set."""
    elements = _element(2, CLASS.encode()) + _element(0x100, b"\1\0") + _element(0x110, b"\1\0")
    elements += _element(0x700, b"\0\0") + _element(0x800, b"\1\0") + _element(0x1000, b"1.2.34")
    _value(peer, 3, struct.pack("<HHLL", 0, 0, 4, len(elements)) + elements)
    for _ in range(size // PDU):
        _value(peer, 0, bytes(PDU))


def _value(peer: socket.socket, control: int, content: bytes) -> None:
    size = len(content)
    peer.sendall(struct.pack(">BBLLBB", 4, 0, size + 6, size + 2, 1, control) + content)


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0, number, len(value)) + value


if __name__ == "__main__":
    main()
