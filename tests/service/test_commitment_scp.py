"""Storage commitment as senders meet it: PS3.4 Annex J, over real associations."""

import json
import queue
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import httpx
import pytest
from clock import now
from loopback import NODE, Raw, ct, door
from peers.programs import until
from pydicom import Dataset
from pydicom.uid import CTImageStorage
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from service.delivery.bearing import Bearer
from service.delivery.committing import ask
from service.delivery.peer import Address, Peer
from service.demo.orthanc import Orthanc, find_orthanc
from service.ledger.records import Commitment, CommitmentState
from service.listener.reports import MOST_TRIES, Reports

MRImageStorage = "1.2.840.10008.5.1.4.1.1.4"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
TRANSACTION = "1.2.3.9.77"
UIDS = ("1.2.3.9.1", "1.2.3.9.2")


class Sender:
    """A modality that asks for commitment, and takes the reports."""

    def __init__(self, status: int = 0) -> None:
        self.reports: queue.SimpleQueue[tuple[int, Dataset]] = queue.SimpleQueue()
        self.ae = AE(ae_title="MAMMO1")
        self.ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        self.status = status
        self.handlers = [(evt.EVT_N_EVENT_REPORT, self.on_report)]
        self.server = self.ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=self.handlers
        )

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def on_report(self, event):
        self.reports.put((event.event_type, event.event_information))
        return self.status, None

    @contextmanager
    def associated(self, node):
        context = build_context(StorageCommitmentPushModel)
        association = self.ae.associate(
            "127.0.0.1", node.port, [context], ae_title=NODE, evt_handlers=self.handlers
        )
        assert association.is_established
        yield association
        association.release()

    def ask(self, node, information: Dataset, action: int = 1, instance: str = WELL_KNOWN) -> int:
        """Ask on an association that ends at once; return the status."""
        with self.associated(node) as association:
            status, _ = association.send_n_action(
                information, action, StorageCommitmentPushModel, instance
            )
        return status.Status

    def report(self) -> tuple[int, Dataset]:
        return self.reports.get(timeout=10)


@pytest.fixture
def sender():
    made = Sender()
    yield made
    made.server.shutdown()


@pytest.fixture
def node(tmp_path):
    with door(tmp_path, is_reachable=lambda title: title == "MAMMO1") as opened:
        with Raw(opened.port).associate() as raw:
            for uid in UIDS:
                raw.store(ct(uid), uid)
                assert raw.receive() == 0
        yield opened


def request(*objects: tuple[str, str]) -> Dataset:
    information = Dataset()
    information.TransactionUID = TRANSACTION
    information.ReferencedSOPSequence = []
    for sop_class, uid in objects:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        information.ReferencedSOPSequence.append(item)
    return information


def reports(node, port: int, clock=now) -> Reports:
    peer = Peer(Address("MAMMO1", "127.0.0.1", port), NODE)
    return Reports(
        node.ledger, node.spool, lambda title: Bearer(peer) if title == "MAMMO1" else None, clock
    )


def kept(node, information: Dataset, peer: str = "MAMMO1") -> Commitment:
    return node.ledger.commitment(str(information.TransactionUID), peer)


def test_what_is_kept_is_committed_on_an_association_of_our_own(node, sender):
    asked = request(*((CTImageStorage, uid) for uid in UIDS))

    assert sender.ask(node, asked) == 0
    reports(node, sender.port).bring_due()

    event_type, told = sender.report()
    assert event_type == 1
    assert told.TransactionUID == asked.TransactionUID
    assert [one.ReferencedSOPInstanceUID for one in told.ReferencedSOPSequence] == list(UIDS)
    assert "FailedSOPSequence" not in told
    assert kept(node, asked).state is CommitmentState.DONE


def test_what_is_not_kept_fails_with_its_reason(node, sender):
    node.spool.path(UIDS[1]).write_bytes(b"cut off")
    asked = request(
        (CTImageStorage, "1.2.3.9.7"), (MRImageStorage, UIDS[0]), (CTImageStorage, UIDS[1])
    )

    sender.ask(node, asked)
    reports(node, sender.port).bring_due()

    event_type, told = sender.report()
    assert event_type == 2
    assert "ReferencedSOPSequence" not in told
    assert [one.FailureReason for one in told.FailedSOPSequence] == [0x0112, 0x0119, 0x0110]


def test_an_object_with_versions_is_committed_only_while_all_of_them_are_kept(node, sender):
    with Raw(node.port).associate() as raw:
        raw.store(ct(UIDS[0], pixels=2), UIDS[0])
        assert raw.receive() == 0
    later = node.ledger.versions(UIDS[0])[1]
    node.spool.remove(UIDS[0], later.version)

    sender.ask(node, request((CTImageStorage, UIDS[0])))
    reports(node, sender.port).bring_due()

    assert sender.report()[1].FailedSOPSequence[0].FailureReason == 0x0110


def test_who_has_no_address_hears_it_on_the_same_association(tmp_path, sender):
    with door(tmp_path, is_reachable=lambda _: False) as node:
        asked = request((CTImageStorage, UIDS[0]))
        with sender.associated(node) as association:
            status, _ = association.send_n_action(asked, 1, StorageCommitmentPushModel, WELL_KNOWN)
            assert status.Status == 0
            event_type, told = sender.report()
            until(lambda: kept(node, asked).state is CommitmentState.DONE, 10)

            assert event_type == 2
            assert told.FailedSOPSequence[0].FailureReason == 0x0112
            assert association.is_established


def test_who_has_no_address_and_is_gone_is_tried_and_then_given_up_with_the_reason(tmp_path):
    moment = [now()]
    with door(tmp_path, is_reachable=lambda _: True) as node:
        node.ledger.open_commitment(row("1.2.9", "OTHER", is_ours=False))
        bringing = reports(node, 0, lambda: moment[0])
        for _ in range(MOST_TRIES):
            node.ledger.save_commitment(_due(node.ledger.commitment("1.2.9", "OTHER"), moment[0]))
            bringing.bring_due()

        (given_up,) = node.ledger.commitments(CommitmentState.PARKED)
        assert given_up.state is CommitmentState.PARKED
        assert "no address of OTHER is known: name it among the destinations" in given_up.error
        assert node.ledger.retry_commitments() == 1
        assert [one.attempts for one in node.ledger.due_commitments(None, is_ours=False)] == [0]


def test_a_report_that_is_not_taken_is_brought_again(node):
    deaf = Sender(status=0x0110)
    asked = request((CTImageStorage, UIDS[0]))
    deaf.ask(node, asked)
    reports(node, deaf.port).bring_due()
    waiting = kept(node, asked)

    assert (waiting.state, waiting.attempts) == (CommitmentState.OPEN, 1)
    assert waiting.run_at > now()
    assert "0110H" in waiting.error

    deaf.status = 0
    node.ledger.save_commitment(_due(waiting, now()))
    reports(node, deaf.port).bring_due()
    deaf.server.shutdown()

    assert kept(node, asked).state is CommitmentState.DONE


def test_a_request_outlives_the_listener(tmp_path, sender):
    with door(tmp_path, is_reachable=lambda _: True) as node:
        asked = request((CTImageStorage, UIDS[0]))
        sender.ask(node, asked)

    with door(tmp_path, is_reachable=lambda _: True) as node:
        reports(node, sender.port).bring_due()

        assert sender.report()[1].TransactionUID == asked.TransactionUID


def no_transaction(asked: Dataset) -> None:
    del asked.TransactionUID


def no_objects(asked: Dataset) -> None:
    asked.ReferencedSOPSequence = []


def no_class(asked: Dataset) -> None:
    del asked.ReferencedSOPSequence[0].ReferencedSOPClassUID


def nothing(asked: Dataset) -> None:
    del asked


def test_what_is_done_is_forgotten_after_a_month_and_nothing_else_is(node, sender):
    done, waiting = request((CTImageStorage, UIDS[0])), row("1.2.9", "OTHER", is_ours=False)
    sender.ask(node, done)
    reports(node, sender.port).bring_due()
    node.ledger.open_commitment(waiting)
    stop = Event()

    later = reports(node, sender.port, lambda: now() + timedelta(days=31))
    thread = Thread(target=later.run, args=(stop,))
    thread.start()
    until(lambda: kept(node, done) is None, 10)
    stop.set()
    thread.join()

    assert [one.transaction_uid for one in node.ledger.commitments()] == ["1.2.9"]


@pytest.mark.parametrize(
    ("change", "action", "instance", "status"),
    [
        (nothing, 2, WELL_KNOWN, 0x0123),
        (nothing, 1, "1.2.3", 0x0112),
        (no_transaction, 1, WELL_KNOWN, 0x0115),
        (no_objects, 1, WELL_KNOWN, 0x0115),
        (no_class, 1, WELL_KNOWN, 0x0115),
    ],
)
def test_a_request_that_is_wrong_is_answered_with_what_is_wrong(
    node, sender, change, action, instance, status
):
    asked = request((CTImageStorage, UIDS[0]))
    change(asked)

    assert sender.ask(node, asked, action, instance) == status
    assert node.ledger.due_commitments(None, is_ours=False) == []


def test_a_report_on_a_request_of_ours_comes_in_by_the_same_door(node):
    node.ledger.open_commitment(row("1.2.9.9", "pacs", is_ours=True))
    told = Dataset()
    told.TransactionUID = "1.2.9.9"
    told.ReferencedSOPSequence = request((CTImageStorage, UIDS[0])).ReferencedSOPSequence

    Bearer(Peer(Address(NODE, "127.0.0.1", node.port), "PACS")).bring(1, told)

    assert node.ledger.commitment("1.2.9.9", "pacs").state is CommitmentState.DONE


def test_a_node_asks_a_node_and_hears_it_on_the_same_association(tmp_path):
    with door(tmp_path, is_reachable=lambda _: False) as node:
        with Raw(node.port).associate() as raw:
            raw.store(ct())
            assert raw.receive() == 0
        heard = []

        asked = replace(row("1.2.9.8", "node", is_ours=True), sop_instance_uids=UIDS)
        asked = replace(asked, sop_class_uids=(CTImageStorage, CTImageStorage))
        ask(Peer(Address(NODE, "127.0.0.1", node.port), "OTHERNODE"), asked, heard.append)

        (told,) = heard
        assert told.transaction_uid == "1.2.9.8"
        assert (told.committed, told.failed) == ([UIDS[0]], {UIDS[1]: 0x0112})


def test_orthanc_is_told_that_what_it_sent_is_kept(tmp_path):
    program = find_orthanc()
    if program is None:
        pytest.fail("Orthanc is not installed")
    with Orthanc(program, tmp_path / "orthanc") as pacs, httpx.Client() as client:
        peer = Peer(Address(pacs.ae_title, "127.0.0.1", pacs.dicom_port), NODE)
        with door(tmp_path / "node", is_reachable=lambda _: True) as node:
            base = f"http://127.0.0.1:{pacs.http_port}"
            modality = {"AET": NODE, "Host": "127.0.0.1", "Port": node.port}
            client.put(f"{base}/modalities/node", json=modality).raise_for_status()
            with Raw(node.port).associate() as raw:
                raw.store(ct())
                assert raw.receive() == 0

            asked = client.post(
                f"{base}/modalities/node/storage-commitment",
                content=json.dumps({"DicomInstances": [[CTImageStorage, UIDS[0]]]}),
            )
            asked.raise_for_status()
            Reports(node.ledger, node.spool, lambda _: Bearer(peer), now).bring_due()
            told = client.get(f"{base}{asked.json()['Path']}").json()

            assert told["Status"] == "Success"
            assert told["Success"] == [{"SOPClassUID": CTImageStorage, "SOPInstanceUID": UIDS[0]}]


def row(transaction_uid: str, peer: str, *, is_ours: bool) -> Commitment:
    return Commitment(
        transaction_uid, peer, is_ours, (CTImageStorage,), UIDS[:1], created_at=now(), run_at=now()
    )


def _due(commitment: Commitment, moment) -> Commitment:
    return replace(commitment, run_at=moment - timedelta(seconds=1))
