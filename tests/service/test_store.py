"""The answer to a C-STORE where the node itself is at fault."""

import sqlite3

import pytest
from loopback import Raw, ct, door
from prometheus_client import CollectorRegistry

from service.errors import BadObjectError, SpoolFullError, UnavailableError
from service.intake.statuses import MismatchError, answer, status_of
from service.metrics import Metrics


def _drop(folder, *tables: str) -> None:
    connection = sqlite3.connect(folder / "ledger.sqlite")
    for table in tables:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


@pytest.mark.parametrize("tables", [("instances",), ("instances", "refusals")])
def test_a_ledger_that_is_down_is_answered_out_of_resources(tmp_path, tables):
    with door(tmp_path) as node, Raw(node.port).associate() as peer:
        _drop(tmp_path, *tables)

        peer.store(ct())

        assert peer.receive() == 0xA700
        assert list(node.spool.temporary().parent.iterdir()) == []


class BrokenCounter(Metrics):
    """Metrics with a fault that nobody foresaw."""

    def received_bytes(self, size: int) -> None:
        raise ZeroDivisionError(size)


def test_a_fault_that_nobody_foresaw_is_answered_and_written_down(tmp_path):
    counts = BrokenCounter(CollectorRegistry(), "test")
    with door(tmp_path, counts=counts) as node, Raw(node.port).associate() as peer:
        peer.store(ct())

        assert peer.receive() == 0xC211
        assert [refusal.status for refusal in node.ledger.refusals()] == [0xC211]
        peer.store(ct(), uid="1.2.3.9.2")
        assert peer.receive() == 0xA900


def test_a_port_that_is_taken_is_named(tmp_path):
    with (
        door(tmp_path / "a") as node,
        pytest.raises(
            UnavailableError, match=f"127.0.0.1:{node.port}: Address already in use; .*dicom.port"
        ),
        door(tmp_path / "b", port=node.port),
    ):
        pass


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MismatchError(""), 0xA900),
        (BadObjectError(""), 0xC000),
        (SpoolFullError(""), 0xA700),
        (UnavailableError(""), 0xA700),
    ],
)
def test_the_kind_of_an_error_alone_decides_what_is_answered(error, status):
    assert status_of(error) == status


def test_a_comment_fits_its_attribute():
    told = answer(0xC000, "a\\b é " + "x" * 100)

    assert told.ErrorComment.startswith("a/b ? ")
    assert len(told.ErrorComment) == 64
