"""The rules of the door, tried as somebody would who wants to get around them."""

import socket
import ssl
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from loopback import NODE, VERIFICATION, Raw, dcmtk, door
from peers.programs import until

from service.listener.admission import Admission, Asked, Caller, Most
from service.listener.gate import HANDSHAKE
from service.listener.refused import HOSTS, PER_HOST, WINDOW_S, Ground, Refused
from service.networks import is_within, network

ELSEWHERE = (network("192.0.2.0/24"),)
HERE = (network("127.0.0.0/8"),)
DICOM = b"1.2.840.10008.3.1.1.1"


def pdu(
    calling: bytes = b"MAMMO1",
    called: bytes = NODE.encode(),
    context_name: bytes = DICOM,
    version: int = 1,
) -> bytes:
    """Return an A-ASSOCIATE-RQ with these very bytes in it: PS3.8 Table 9-11."""
    item = lambda kind, value: struct.pack(">BBH", kind, 0, len(value)) + value  # noqa: E731
    proposal = item(0x30, VERIFICATION.encode()) + item(0x40, b"1.2.840.10008.1.2")
    body = struct.pack(">HH", version, 0) + called.ljust(16) + calling.ljust(16) + bytes(32)
    body += item(0x10, context_name) + item(0x20, b"\1\0\0\0" + proposal)
    body += item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4"))
    return struct.pack(">BBL", 1, 0, len(body)) + body


def ask(port: int, **fields) -> str | tuple[int, ...]:
    """Return the numbers of the A-ASSOCIATE-RJ, or what else came in a word."""
    with Raw(port) as peer:
        peer.send(pdu(**fields))
        try:
            head = peer.socket.recv(10, socket.MSG_WAITALL)
        except ConnectionResetError:
            return "closed"
        if head[:1] == b"\3":
            return tuple(head[7:10])
        return {b"\2": "accepted", b"\7": "aborted"}.get(head[:1], "closed")


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"called": b"OTHER"}, (1, 1, 7)),
        ({"called": b"senoscope"}, (1, 1, 7)),
        ({"called": b"SENOSCOPE2"}, (1, 1, 7)),
        ({"called": b"*"}, (1, 1, 7)),
        ({"calling": b"OTHER"}, (1, 1, 3)),
        ({"calling": b"mammo1"}, (1, 1, 3)),
        ({"calling": b"MAMMO"}, (1, 1, 3)),
        ({"calling": b"*"}, (1, 1, 3)),
        ({"calling": b"MAMMO*"}, (1, 1, 3)),
        ({"calling": b"MAMMO?"}, (1, 1, 3)),
        ({"calling": b"MAMMO[1]"}, (1, 1, 3)),
        ({"calling": b"MAMMO1234567890X"}, (1, 1, 3)),
        ({"calling": b"X MAMMO1"}, (1, 1, 3)),
        ({"context_name": b"1.2.840.10008.3.1.1.2"}, (1, 1, 2)),
        ({"version": 2}, (1, 2, 2)),
    ],
)
def test_who_is_not_named_is_told_why_in_the_numbers_of_the_standard(tmp_path, fields, answer):
    with door(tmp_path, calling=("MAMMO[0-9]",)) as node:
        assert ask(node.port, **fields) == answer

        until(node.reasons, 30)
        (reason,) = node.reasons()
        assert "from 127.0.0.1" in reason


@pytest.mark.parametrize("calling", [b"MAMMO1", b" MAMMO1", b"  MAMMO1  ", b"MAMMO1          "])
@pytest.mark.parametrize("called", [b"SENOSCOPE", b" SENOSCOPE"])
def test_blanks_around_an_ae_title_mean_nothing(tmp_path, calling, called):
    with door(tmp_path, calling=("MAMMO1",)) as node:
        assert ask(node.port, calling=calling, called=called) == "accepted"


@pytest.mark.parametrize(
    "calling",
    [
        b"",
        b"\0" * 16,
        b"MAM\nMO1",
        b"MAMMO1\0",
        b"MAM\tMO1",
        b"MAM\x1b[31mMO",
        b"MAMMO\xff",
        b"A\\B",
    ],
)
def test_what_is_no_ae_title_gets_in_nowhere_and_is_never_repeated(tmp_path, caplog, calling):
    with door(tmp_path, calling=("*", "MAMMO1")) as node:
        assert ask(node.port, calling=calling) in {(1, 1, 3), "aborted"}
        until(node.reasons, 30)

        assert "\x1b" not in caplog.text + str(node.ledger.refusals())
        assert dcmtk("echoscu", node.port).returncode == 0


def test_what_calls_from_elsewhere_is_closed_before_a_byte_of_it_is_read(tmp_path):
    with door(tmp_path, networks=ELSEWHERE) as node:
        with Raw(node.port) as peer:
            assert peer.socket.recv(1) == b""

        assert node.reasons() == ["connection closed: not in dicom.networks, from 127.0.0.1"]
        assert _refused(node, Ground.NETWORK) == 1


def test_what_calls_from_here_is_let_in_where_here_is_named(tmp_path):
    with door(tmp_path, networks=ELSEWHERE + HERE) as node:
        assert ask(node.port) == "accepted"


def test_a_peer_of_ipv4_is_judged_as_such_where_the_door_listens_by_ipv6(tmp_path):
    with door(tmp_path, host="::", networks=HERE) as node:
        assert ask(node.port) == "accepted"

        with socket.create_connection(("::1", node.port), timeout=10) as peer:
            assert peer.recv(1) == b""
        assert node.reasons() == ["connection closed: not in dicom.networks, from ::1"]


def test_a_flood_from_elsewhere_fills_neither_log_nor_ledger(tmp_path, caplog):
    with door(tmp_path, networks=ELSEWHERE) as node:
        for _ in range(50):
            with Raw(node.port) as peer:
                assert peer.socket.recv(1) == b""

        assert len(node.reasons()) == 1
        assert caplog.text.count("dicom.networks") == 1
        assert _refused(node, Ground.NETWORK) == 50


def test_an_ae_title_calls_from_the_networks_of_its_route_alone(tmp_path):
    routes = (Caller("MAMMO*", ELSEWHERE), Caller("CT*", HERE), Caller("MR*"))
    with door(tmp_path, calling=routes) as node:
        assert ask(node.port, calling=b"MAMMO1") == (1, 1, 3)
        assert ask(node.port, calling=b"CT1") == "accepted"
        assert ask(node.port, calling=b"MR1") == "accepted"
        assert "the networks of its routes are others" in node.reasons()[0]


def test_a_route_for_everybody_does_not_open_the_networks_of_another(tmp_path):
    routes = (Caller("MAMMO*", ELSEWHERE), Caller("*"))
    with door(tmp_path, calling=routes) as node:
        assert ask(node.port, calling=b"MAMMO1") == (1, 1, 3)
        assert ask(node.port, calling=b"OTHER") == "accepted"


@pytest.mark.parametrize("tls", [False, True])
def test_who_only_connects_does_not_shut_out_who_is_elsewhere(tmp_path, tls):
    spoken = {"tls": lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)} if tls else {}
    with door(tmp_path, most=Most(4, host=1), **spoken) as node:
        idle = [Raw(node.port) for _ in range(12)]
        until(lambda: _refused(node, Ground.CONNECTIONS) >= 10, 10)

        with socket.create_connection(("127.0.0.1", node.port), 10, ("127.0.0.2", 0)) as other:
            other.settimeout(1)
            with pytest.raises(TimeoutError):  # it is let in, and waited for
                other.recv(1)
        for peer in idle:
            peer.socket.close()


def test_one_ae_title_and_one_address_may_not_take_all_places(tmp_path):
    with (
        door(tmp_path, most=Most(8, ae_title=1)) as node,
        Raw(node.port).associate(),  # as FAULT
    ):
        assert ask(node.port, calling=b"FAULT") == (2, 3, 2)
        assert ask(node.port, calling=b" FAULT ") == (2, 3, 2)
        assert ask(node.port, calling=b"OTHER") == "accepted"
        assert "of this AE title" in node.reasons()[0]


def test_one_address_may_not_take_all_places_under_several_names(tmp_path):
    with door(tmp_path, most=Most(8, host=1)) as node, Raw(node.port).associate():
        assert ask(node.port, calling=b"OTHER") == (2, 3, 2)
        assert "from this address" in node.reasons()[0]


def test_a_place_that_was_left_is_free_again(tmp_path):
    with door(tmp_path, most=Most(8, host=1)) as node:
        Raw(node.port).associate().socket.close()

        until(lambda: ask(node.port) == "accepted", 10)


def test_those_who_ask_at_the_same_time_get_no_more_places_than_there_are(tmp_path):
    start = threading.Barrier(12)

    def race(_: int) -> tuple[Raw, str | int]:
        peer = Raw(node.port)
        start.wait(10)
        return peer, peer.requested()

    with door(tmp_path, most=6) as node, ThreadPoolExecutor(12) as pool:
        came = list(pool.map(race, range(12)))
        answers = [answer for _, answer in came]
        for peer, _ in came:
            peer.socket.close()

    assert answers.count("accepted") == 6
    assert answers.count("rejected") == 6


def test_a_request_that_drips_in_is_ended_in_time_too(tmp_path):
    with door(tmp_path, acse_s=1) as node, Raw(node.port) as peer:
        peer.socket.settimeout(0.2)

        assert any(_ended(peer, byte) for byte in pdu()[:50])


@pytest.mark.parametrize("begun", [0, 1, 6, 40])
def test_a_connection_that_opens_no_association_is_ended_in_time(tmp_path, begun):
    with door(tmp_path, acse_s=1) as node, Raw(node.port) as peer:
        peer.send(pdu()[:begun])

        assert peer.receive() in {"aborted", "closed"}


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: node\r\n\r\n",
        bytes([HANDSHAKE, 3, 1, 0, 5]) + b"hello",
        b"\0" * 64,
    ],
)
def test_what_is_no_dicom_is_aborted_and_written_down(tmp_path, garbage):
    with door(tmp_path, acse_s=2) as node:
        with Raw(node.port) as peer:
            peer.send(garbage)
            assert peer.receive() in {"aborted", "closed"}

        until(node.reasons, 30)
        assert "no A-ASSOCIATE-RQ" in node.reasons()[0]
        assert dcmtk("echoscu", node.port).returncode == 0


@pytest.mark.parametrize(
    ("host", "rule", "inside"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("::ffff:11.1.2.3", "10.0.0.0/8", False),
        ("::ffff:10.1.2.3", "::/0", False),
        ("10.1.2.3", "::/0", False),
        ("::1", "::1/128", True),
        ("::1", "127.0.0.0/8", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("10.1.2.3", "10.1.2.3", True),
    ],
)
def test_an_address_is_judged_by_what_it_is_however_it_came(host, rule, inside):
    assert is_within(host, [network(rule)]) is inside


@pytest.mark.parametrize("text", ["mammo1.example.org", "10.0.0.0/33", "10.0.0", "", "*"])
def test_a_rule_that_is_no_network_is_an_error(text):
    with pytest.raises(ValueError, match="not a network"):
        network(text)


def test_a_rule_with_a_host_in_it_is_an_error_that_names_the_network():
    with pytest.raises(ValueError, match=r"did you mean 10\.1\.0\.0/16"):
        network("10.1.2.3/16")


@pytest.mark.parametrize(
    ("names", "admitted"),
    [
        (frozenset({"mammo1.example.org"}), True),
        (frozenset({"ct1.example.org"}), False),
        (frozenset({"*"}), False),
        (frozenset(), False),
        (None, False),
    ],
)
def test_an_ae_title_belongs_to_the_certificates_that_are_named_for_it(names, admitted):
    rules = _rules({"MAMMO1": ["mammo1.example.org"]})

    rejection = rules.rejection(Asked(NODE, "MAMMO1", "127.0.0.1", names=names), ())

    assert (rejection is None) is admitted


def test_an_ae_title_that_no_certificate_is_named_for_is_nobodys():
    rules = _rules({"MAMMO1": ["mammo1.example.org"]})
    names = frozenset({"mammo1.example.org"})

    rejection = rules.rejection(Asked(NODE, "MAMMO2", "127.0.0.1", names=names), ())

    assert "dicom.tls_names" in rejection.reason


class Book:
    """What was written down and counted, by a clock that stands."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.counted: list[str] = []
        self.time = 0.0
        self.refused = Refused(
            lambda calling, reason: self.written.append((calling, reason)), self, lambda: self.time
        )

    def association_refused(self, reason: str) -> None:
        self.counted.append(reason)


def test_the_like_is_written_down_once_in_a_minute_and_then_with_how_many_there_were():
    book = Book()

    for moment in (0.0, 1.0, 2.0, WINDOW_S):
        book.time = moment
        book.refused.note("10.0.0.1", Ground.CALLED, "wrong", "CT1")

    assert [reason for _, reason in book.written] == [
        "wrong, from 10.0.0.1",
        "wrong, from 10.0.0.1; 2 more from there before",
    ]
    assert len(book.counted) == 4


def test_something_else_is_written_down_at_once():
    book = Book()

    book.refused.note("10.0.0.1", Ground.TLS, "no certificate")
    book.refused.note("10.0.0.1", Ground.TLS, "no TLS")

    assert len(book.written) == 2


def test_who_changes_his_name_each_time_is_written_down_so_many_times_and_no_more():
    book = Book()

    for number in range(1000):
        book.refused.note("10.0.0.1", Ground.CALLING, "unknown", f"AE{number}")
    book.refused.note("10.0.0.2", Ground.CALLING, "unknown", "AE")

    assert len(book.written) == PER_HOST + 1


def test_however_many_addresses_call_only_so_many_are_remembered():
    book = Book()

    for number in range(HOSTS + 10):
        book.refused.note(f"host {number}", Ground.NETWORK, "no")
    book.refused.note("host 9", Ground.NETWORK, "no")  # forgotten: written down again
    book.refused.note(f"host {HOSTS + 9}", Ground.NETWORK, "no")  # remembered

    assert len(book.written) == HOSTS + 11


def _rules(names) -> Admission:
    class Roomy:
        def check_room(self) -> None: ...

    return Admission(NODE, lambda: [Caller("*")], Most(4), Roomy(), names=names)


def _ended(peer: Raw, byte: int) -> bool:
    """Send one more byte and tell whether the other side has hung up."""
    try:
        peer.send(bytes([byte]))
        return not peer.socket.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _refused(node, ground: Ground) -> float:
    name, labels = "senoscope_associations_refused_total", {"reason": str(ground)}
    return node.registry.get_sample_value(name, labels) or 0.0
