"""How a stream of bytes is cut into PDUs, however it comes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.listener.wire import LONGEST_OTHER, BrokenPduError, Wire

LONGEST = 1 << 14
RELEASE = b"\5\0\0\0\0\4\0\0\0\0"


class Taken:
    """What came out: the bytes of data sets, and whole values."""

    def __init__(self, *, streams: bool = True) -> None:
        self.data_sets = bytearray()
        self.values: list[tuple[int, bytes]] = []
        self._streams = streams

    def streams(self) -> bool:
        return self._streams

    def data(self, pieces) -> None:
        for piece in pieces:
            self.data_sets += piece

    def value(self, context_id, value) -> None:
        self.values.append((context_id, value))


def p_data(*values: tuple[int, int, bytes]) -> bytes:
    """Return one PDU with (context, control, content) as its values."""
    body = b"".join(struct.pack(">LBB", len(one) + 2, *head) + one for *head, one in values)
    return struct.pack(">BxL", 4, len(body)) + body


def fed(wire: Wire, taken: Taken, content: bytes, sizes, *, established: bool = True):
    """Give `content` in pieces of those sizes; return the other PDUs that came out."""
    others, rest, sizes = [], content, iter(sizes)
    while rest:
        room = wire.room()
        size = min(len(rest), len(room), next(sizes, len(rest)))
        room[:size] = rest[:size]
        rest = rest[size:]
        wire.came(size)
        while not wire.wants_more:
            other = wire.advance(taken, established=established)
            others += [other] if other else []
    return others


VALUES = st.lists(st.tuples(st.sampled_from([1, 3]), st.integers(0, 3), st.binary(max_size=90)))


@given(st.lists(VALUES.filter(bool), max_size=6), st.lists(st.integers(1, 40)), st.booleans())
def test_what_was_sent_comes_out_in_order_however_it_is_cut(pdus, sizes, streams):
    taken = Taken(streams=streams)
    content = b"".join(p_data(*pdu) for pdu in pdus) + RELEASE

    others = fed(Wire(LONGEST), taken, content, sizes)

    values = [one for pdu in pdus for one in pdu]
    assert others == [RELEASE]
    if streams:
        data = b"".join(one for _, control, one in values if not control & 1)
        assert taken.data_sets == data
        commands = [(c, bytes([k]) + one) for c, k, one in values if k & 1]
        assert [one for one in taken.values if one[1][0] & 1] == commands
        ends = [one for one in taken.values if one[1] == b"\2"]
        assert len(ends) == sum(control == 2 for _, control, _ in values)
    else:
        assert taken.values == [(c, bytes([k]) + one) for c, k, one in values]


@given(st.binary(max_size=300), st.lists(st.integers(1, 40)), st.booleans())
def test_any_bytes_are_taken_or_refused(content, sizes, established):
    wire, taken = Wire(LONGEST), Taken()

    try:
        others = fed(wire, taken, content, sizes, established=established)
    except BrokenPduError:
        return
    assert sum(map(len, others)) + len(taken.data_sets) <= len(content)


BROKEN = {
    "an unknown type": b"\x63\0\0\0\0\0",
    "data of 4 GiB": b"\4\0\xff\xff\xff\xff",
    "another PDU of 4 GiB": b"\1\0\xff\xff\xff\xff",
    "data without a value": b"\4\0\0\0\0\0",
    "a value without content": struct.pack(">BxLLBB", 4, 6, 0, 1, 3),
    "a value longer than its PDU": struct.pack(">BxLLBB", 4, 10, 7, 1, 3) + b"abcd",
    "a command of 2 MiB": struct.pack(">BxLLBB", 4, 2 << 20, (2 << 20) - 4, 1, 3),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_pdu_is_refused(content):
    with pytest.raises(BrokenPduError):
        fed(Wire(LONGEST), Taken(), content, [])


def test_a_data_set_takes_no_more_memory_the_longer_it_is():
    wire, taken = Wire(LONGEST), Taken()
    pdu = p_data((1, 0, bytes(LONGEST_OTHER - 6)))
    taken.data = len

    for _ in range(20):
        fed(wire, taken, pdu, [1 << 16] * 20)
        assert len(wire.room().obj) <= 1 << 18


def test_before_an_association_data_are_a_pdu_like_others():
    taken = Taken()
    pdu = p_data((1, 0, b"abc"))

    assert fed(Wire(LONGEST), taken, pdu, [], established=False) == [pdu]
    assert not taken.values
