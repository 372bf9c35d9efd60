"""What hostile, broken and impatient peers cannot do to the listener."""

import socket
import struct
import zlib

import numpy as np
import pytest
from loopback import Raw, ct, dcmtk, door, explicit
from peers.programs import until
from pydicom.uid import DeflatedExplicitVRLittleEndian

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")


@pytest.fixture
def node(tmp_path):
    with door(tmp_path, acse_s=0.5, network_s=1) as opened:
        yield opened
        until(lambda: _listens(opened), 10)
        until(lambda: not _left_behind(opened), 10)


CONNECTIONS = {
    "garbage": np.random.default_rng(1).bytes(4096),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "nothing": b"",
    "half a header": b"\1\0",
    "half a request": b"\1\0\0\0\1\0abc",
    "a request of 4 GiB": b"\1\0\xff\xff\xff\xff" + bytes(1000),
    "data before an association": struct.pack(">BBLLBB", 4, 0, 10, 6, 1, 3) + b"abcd",
}


@pytest.mark.parametrize("content", CONNECTIONS.values(), ids=CONNECTIONS)
def test_a_connection_that_speaks_no_dicom_is_ended(node, content):
    with Raw(node.port) as peer:
        peer.send(content)

        assert peer.receive() in {"aborted", "closed"}


PDUS = {
    "a PDU of 4 GiB": b"\4\0\xff\xff\xff\xff" + struct.pack(">LBB", 0xFFFFFFFB, 1, 0),
    "a value longer than its PDU": struct.pack(">BBLLBB", 4, 0, 10, 0xFFFFFFFF, 1, 3) + b"abcd",
    "a value without content": struct.pack(">BBLL", 4, 0, 4, 0),
    "a command that is none": struct.pack(">BBLLBB", 4, 0, 10, 6, 1, 3) + b"abcd",
    "an unknown PDU type": b"\x63\0\0\0\0\0",
    "a second request": b"\1\0\0\0\0\4\0\1\0\0",
    "a PDU that stops midway": struct.pack(">BBLLBB", 4, 0, 1000, 996, 1, 0) + b"abcd",
}


@pytest.mark.parametrize("content", PDUS.values(), ids=PDUS)
def test_an_association_that_breaks_the_upper_layer_is_ended(node, content):
    with Raw(node.port).associate() as peer:
        peer.send(content)

        assert peer.receive() in {"aborted", "closed"}


def test_silence_on_an_association_ends_it(node):
    with Raw(node.port).associate() as peer:
        assert peer.receive() in {"aborted", "closed"}


def test_connections_that_come_and_go_leave_nothing(node):
    for _ in range(200):
        socket.create_connection(("127.0.0.1", node.port)).close()


def test_connections_beyond_the_bound_are_closed_at_once(tmp_path):
    with door(tmp_path, most=2, acse_s=1) as node:
        peers = [Raw(node.port) for _ in range(12)]
        answers = [peer.receive() for peer in peers]
        for peer in peers:
            peer.socket.close()

        assert set(answers) <= {"aborted", "closed"}
        until(lambda: dcmtk("echoscu", node.port).returncode == 0, 10)


WHOLE = ct()
FOREIGN = ct(uid="1.2.3.9.2")
DATA_SETS = {
    "truncated": (WHOLE[: len(WHOLE) // 2], 0xC000, "truncated"),
    "cut within an element": (WHOLE[:70], 0xC000, "truncated"),
    "empty": (b"", 0xC000, "empty"),
    "garbage": (np.random.default_rng(2).bytes(20000), 0xC000, ""),
    "another instance": (FOREIGN, 0xA900, "SOP Instance UID differs"),
    "another class": (WHOLE.replace(b"1.1.2\0", b"1.1.7\0"), 0xA900, "SOP Class UID differs"),
    "no study": (
        WHOLE.replace(b" \0\r\0UI", b" \0\r\1UI"),
        0xA900,
        "Study Instance UID is missing",
    ),
    "no UID as study": (ct(study="1.2.3.x"), 0xC000, "Study Instance UID is no UID"),
    "sequences without end": (
        WHOLE + struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF),
        0xC000,
        "truncated",
    ),
    "sequences 100 deep": (
        WHOLE
        + (
            struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
            + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
        )
        * 100,
        0xC000,
        "deep",
    ),
}


@pytest.mark.parametrize(("content", "status", "reason"), DATA_SETS.values(), ids=DATA_SETS)
def test_a_data_set_that_does_not_hold_together_is_refused_quarantined_and_named(
    node, content, status, reason
):
    with Raw(node.port).associate() as peer:
        peer.store(content)

        assert peer.receive() == status
        peer.release()
    (refusal,) = node.ledger.refusals()
    assert refusal.status == status
    assert reason in refusal.reason
    assert node.ledger.studies() == []
    (told,) = node.spool.path("1.2").parents[2].glob("quarantine/*.txt")
    assert told.read_text().strip() == refusal.reason


@pytest.mark.parametrize("uid", ["../../../etc/x", "1.2.3/4", "abc", "1..2", ".1", "1.2."])
def test_a_name_from_the_network_is_never_a_path(node, uid):
    with Raw(node.port).associate() as peer:
        peer.store(ct(uid=uid), uid=uid)

        assert peer.receive() == 0xC000
    assert "no UID" in node.reasons()[0]


def test_a_uid_of_200_characters_ends_the_association(node):
    uid = "1.2." + "3" * 196
    with Raw(node.port).associate() as peer:
        peer.store(ct(uid=uid), uid=uid)

        assert peer.receive() in {"aborted", "closed", 0xC000}
    until(lambda: node.reasons() != [], 10)
    assert "no UID" in node.reasons()[0]


def test_a_request_without_a_data_set_is_refused(node):
    with Raw(node.port).associate() as peer:
        peer.command("1.2.3.9.1", has_data_set=0)

        assert peer.receive() == 0xC000
    assert node.reasons() == ["the C-STORE request has no data set"]


def test_a_data_set_on_a_context_that_was_not_accepted_ends_the_association(node):
    with Raw(node.port).associate() as peer:
        peer.store(WHOLE, context=99)

        assert peer.receive() in {"aborted", "closed"}
    until(lambda: node.reasons() != [], 10)
    assert node.reasons() == ["sent on a presentation context that was not accepted"]


def test_a_sender_that_aborts_midway_leaves_nothing_but_a_note(node):
    with Raw(node.port).associate() as peer:
        peer.command("1.2.3.9.1")
        peer.fragment(WHOLE[:1000], last=False)
        peer.send(b"\7\0\0\0\0\4\0\0\0\0")

    until(lambda: node.reasons() != [], 10)
    assert node.reasons() == ["the association ended before the data set was whole"]


def test_a_sender_that_vanishes_midway_leaves_nothing_but_a_note(node):
    with Raw(node.port).associate() as peer:
        peer.command("1.2.3.9.1")
        peer.fragment(WHOLE[:1000], last=False)

    until(lambda: node.reasons() != [], 10)
    assert node.reasons() == ["the association ended before the data set was whole"]


def test_a_data_set_in_many_small_pieces_is_put_together(node):
    with Raw(node.port).associate() as peer:
        peer.command("1.2.3.9.1")
        for start in range(300):
            peer.fragment(WHOLE[start : start + 1], last=False)
        peer.fragment(WHOLE[300:], last=True)

        assert peer.receive() == 0
        peer.release()


def test_command_and_data_set_may_share_a_pdu(node):
    with Raw(node.port).associate() as peer:
        sent = bytearray()
        peer.send = sent.extend
        peer.store(ct(pixels=1000))
        del peer.send
        values = _values(bytes(sent))
        peer.send(struct.pack(">BBL", 4, 0, len(values)) + values)

        assert peer.receive() == 0
        peer.release()


def test_a_bomb_of_zeros_is_refused_before_it_fills_the_memory(node):
    zeros = explicit(0x00420011, b"OB", b"")[:-4] + struct.pack("<L", 1 << 30)
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = pack.compress(zeros) + b"".join(pack.compress(bytes(1 << 20)) for _ in range(300))
    with Raw(node.port).associate(syntax=DeflatedExplicitVRLittleEndian) as peer:
        peer.store(bomb + pack.flush())

        assert peer.receive() == 0xC000
    assert node.reasons() == ["inflates to more than 256 MiB"]


def test_whatever_bits_flip_an_answer_comes_and_every_refusal_is_written_down(node):
    chance = np.random.default_rng(3)
    answers = []
    with Raw(node.port).associate() as peer:
        for _ in range(300):
            flipped = bytearray(ct(pixels=64))
            for place in chance.integers(len(flipped), size=chance.integers(1, 9)):
                flipped[place] ^= 1 << int(chance.integers(8))
            peer.store(bytes(flipped[: chance.choice([len(flipped), chance.integers(400)])]))
            answers.append(peer.receive())
        peer.release()

    assert set(answers) <= {0, 0x0122, 0xA900, 0xC000}
    assert len(node.ledger.refusals(1000)) == sum(answer != 0 for answer in answers)


def _values(pdus: bytes) -> bytes:
    """Return the presentation data values of P-DATA PDUs, without their headers."""
    found = b""
    while pdus:
        (length,) = struct.unpack_from(">L", pdus, 2)
        found += pdus[6 : 6 + length]
        pdus = pdus[6 + length :]
    return found


def _listens(node) -> bool:
    """Tell whether a decent peer gets an association."""
    with Raw(node.port) as peer:
        return peer.requested() == "accepted"


def _left_behind(node) -> list:
    return list(node.spool.temporary().parent.iterdir())
