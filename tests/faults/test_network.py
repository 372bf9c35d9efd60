"""What hostile, broken and impatient peers cannot do to a node: PS3.8 spoken wrongly, and not."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from loopback import Raw, ct, dcmtk
from peers.programs import until

from faults.served import LARGEST_MB, Served, served

WHOLE = ct()
ENDED = {"aborted", "closed"}
UID = "1.2.3.9.1"
RST = struct.pack("ii", 1, 0)
ABORT = b"\7\0\0\0\0\4\0\0\0\0"
MEBIBYTE = bytes(1 << 20)
MANY = 1000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as node:
        yield node


@pytest.fixture
def node(shared: Served) -> Iterator[Served]:
    """The node, which is well again after every test."""
    yield shared
    shared.is_well()


HOSTS = (f"127.0.9.{number}" for number in count(1))
"""Addresses for peers: what is refused of one again and again is written down once a minute."""


class From(Raw):
    """A connection from an address of one's own."""

    def __init__(self, port: int, host: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10, (host, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True)
class Fault:
    """What a peer does wrong; how it is answered, and what is written down, in ledger or log."""

    does: Callable[[Raw], object]
    answers: frozenset[str | int]
    reason: str


def _said(content: bytes) -> Callable[[Raw], object]:
    return lambda peer: peer.send(content)


def _in_association(does: Callable[[Raw], object]) -> Callable[[Raw], object]:
    return lambda peer: does(peer.associate())


def _stored(content: bytes, uid: str = UID, context: int = 1) -> Callable[[Raw], object]:
    return _in_association(lambda peer: peer.store(content, uid, context))


def _flooded(head: bytes) -> Callable[[Raw], object]:
    """Send that, and then a gigabyte, as far as it is taken."""

    def flood(peer: Raw) -> None:
        peer.send(head)
        with suppress(OSError):
            for _ in range(1024):
                peer.send(MEBIBYTE)

    return flood


def _pdv(length: int, content: bytes = b"abcd") -> bytes:
    return struct.pack(">BBLLBB", 4, 0, len(content) + 6, length, 1, 3) + content


def _half_a_fragment(peer: Raw) -> None:
    peer.command(UID)
    peer.fragment(WHOLE[:8000], last=False)
    peer.send(struct.pack(">BBLLBB", 4, 0, 8006, 8002, 1, 0) + WHOLE[:100])


def _a_fragment(peer: Raw) -> None:
    peer.command(UID)
    peer.fragment(WHOLE[:8000], last=False)


def _too_long(peer: Raw) -> None:
    peer.command(UID)
    with suppress(OSError):
        peer.fragment(ct(pixels=1 << 20), last=True)


def _fault(
    does: Callable[[Raw], object], answers: set[str | int] | set[str] | set[int], reason: str
) -> Fault:
    return Fault(does, frozenset(answers), reason)


UPPER_LAYER = {
    "garbage": _fault(_said(np.random.default_rng(1).bytes(4096)), ENDED, "broke the upper layer"),
    "http": _fault(_said(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ENDED, "broke the upper layer"),
    "nothing": _fault(lambda _: None, ENDED, "opened no association in time"),
    "half a request": _fault(_said(b"\1\0\0\0\1\0abc"), ENDED, "opened no association in time"),
    "a request of 4 GiB": _fault(_flooded(b"\1\0\xff\xff\xff\xff"), ENDED, "broke the upper layer"),
    "data before an association": _fault(_said(_pdv(6)), ENDED, "no A-ASSOCIATE-RQ"),
    "a PDU of 4 GiB": _fault(
        _in_association(_flooded(b"\4\0\xff\xff\xff\xff" + struct.pack(">LBB", 0xFFFFFFFB, 1, 0))),
        ENDED,
        "a PDU of 4294967295 bytes",
    ),
    "a PDU beyond the agreed length": _fault(
        _in_association(_too_long), ENDED, "broke the upper layer"
    ),
    "a value longer than its PDU": _fault(
        _in_association(_said(_pdv(0xFFFFFFFF))), ENDED, "broke the upper layer"
    ),
    "a value of no length": _fault(
        _in_association(_said(struct.pack(">BBLL", 4, 0, 4, 0))), ENDED, ""
    ),
    "a second request": _fault(
        _in_association(_said(b"\1\0\0\0\0\4\0\1\0\0")), ENDED, "broke the upper layer"
    ),
    "an association that falls silent": _fault(
        _in_association(lambda _: None), ENDED, "silent for too long"
    ),
    "silence within a PDU": _fault(_in_association(_half_a_fragment), ENDED, "was whole"),
    "silence within a data set": _fault(_in_association(_a_fragment), ENDED, "was whole"),
    "a context that was not accepted": _fault(
        _stored(WHOLE, context=99), ENDED, "presentation context that was not accepted"
    ),
}
DATA_SETS = {
    "a data set cut in half": _fault(_stored(WHOLE[: len(WHOLE) // 2]), {0xC000}, "truncated"),
    "garbage as a data set": _fault(
        _stored(np.random.default_rng(2).bytes(200_000)), {0xC000, 0xA900}, "C000H"
    ),
    "an empty data set": _fault(_stored(b""), {0xC000}, "empty"),
    "no data set": _fault(
        _in_association(lambda peer: peer.command(UID, has_data_set=0)), {0xC000}, "no data set"
    ),
    "another class than the command's": _fault(
        _stored(WHOLE.replace(b"1.1.2\0", b"1.1.7\0")), {0xA900}, "SOP Class UID differs"
    ),
    "another UID than the command's": _fault(
        _stored(ct(uid="1.2.3.9.2")), {0xA900}, "SOP Instance UID differs"
    ),
    "a path for a UID": _fault(
        _stored(ct(uid="../../../evil"), uid="../../../evil"), {0xC000}, "no UID"
    ),
    "a UID of 200 digits": _fault(
        _stored(ct(uid="1.2." + "3" * 196), uid="1.2." + "3" * 196), {0xC000, *ENDED}, "no UID"
    ),
}


@pytest.mark.parametrize(
    "fault", [*UPPER_LAYER.values(), *DATA_SETS.values()], ids=[*UPPER_LAYER, *DATA_SETS]
)
def test_a_peer_that_breaks_the_rules_is_answered_and_named(node: Served, fault: Fault):
    mark = node.mark()
    with From(node.port, next(HOSTS)) as peer, suppress(OSError):
        fault.does(peer)

        assert peer.receive() in fault.answers
    until(lambda: fault.reason in node.told_since(mark), 30, why=node.log.read_text)


def test_a_data_set_without_end_is_refused_at_the_bound_and_not_kept(node: Served):
    piece = bytes(100_000)
    with Raw(node.port).associate() as peer:
        peer.command(UID)
        for _ in range(LARGEST_MB * 12):
            peer.fragment(piece, last=False)
        peer.fragment(piece, last=True)

        assert peer.receive() == 0xC000
    assert "larger than" in node.refusals()[0].reason


@pytest.mark.parametrize("how", ["abort", "close", "reset"])
def test_a_sender_that_goes_midway_leaves_nothing_but_a_note(node: Served, how: str):
    before = len(node.refusals())
    with Raw(node.port).associate() as peer:
        _half_a_fragment(peer) if how != "abort" else _a_fragment(peer)
        if how == "abort":
            peer.send(ABORT)
        if how == "reset":
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)

    until(lambda: len(node.refusals()) > before, 30, why=node.log.read_text)
    assert node.refusals()[0].reason == "the association ended before the data set was whole"


def test_the_same_object_again_is_a_success_and_nothing_new(node: Served):
    uid, study = "1.2.3.7.1", "1.2.3.7"
    with Raw(node.port).associate() as peer:
        for _ in range(2):
            peer.store(ct(uid, study), uid)

            assert peer.receive() == 0
        peer.release()
    assert node.ledger.study(study).instances == 1


def test_a_called_title_that_is_not_ours_is_rejected_and_named(node: Served):
    with Raw(node.port) as peer:
        assert peer.requested(called="NOBODY") == "rejected"
    until(lambda: "called AE title" in node.refusals()[0].reason)


@pytest.mark.parametrize("linger", [None, RST], ids=["closed", "reset"])
def test_a_thousand_connections_that_come_and_go_leave_nothing(node: Served, linger):
    for _ in range(MANY):
        connection = socket.create_connection(("127.0.0.1", node.port))
        if linger:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()


def test_a_thousand_idle_connections_keep_nobody_out_for_long(node: Served):
    with ExitStack() as opened:
        for _ in range(MANY):
            opened.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=10))

        until(lambda: dcmtk("echoscu", node.port).returncode == 0, 30)


def test_a_request_that_comes_byte_by_byte_is_not_waited_for(node: Served):
    with Raw(node.port) as peer:
        peer.socket.settimeout(0.2)
        sent = 0
        with suppress(OSError):
            for sent in range(200):
                peer.send(b"\1" if sent == 0 else b"\0")
                with suppress(TimeoutError):
                    if not peer.socket.recv(10):
                        break

        assert sent < 100


def test_200_associations_at_once_are_served_or_put_off_and_none_hangs(node: Served):
    with ThreadPoolExecutor(200) as crowd:
        answers = list(crowd.map(_asked, [node.port] * 200))

    assert set(answers) <= {"served", "rejected", *ENDED}
    assert answers.count("served") >= 1
    assert "too many" in " ".join(refusal.reason for refusal in node.refusals())


def test_users_are_told_why_in_words(node: Served):
    with Raw(node.port).associate() as peer:
        peer.store(WHOLE[: len(WHOLE) // 2])
        assert peer.receive() == 0xC000

    assert "truncated" in node.told()


def _asked(port: int) -> str | int:
    """Return how a peer fared that wants to store one object."""
    uid = f"1.2.3.6.{threading.get_ident()}"
    try:
        with Raw(port) as peer:
            answer = peer.requested()
            if answer != "accepted":
                return answer
            peer.store(ct(uid, "1.2.3.6"), uid)
            stored = peer.receive()
            peer.release()
            return "served" if stored == 0 else stored
    except ConnectionError:
        return "closed"
