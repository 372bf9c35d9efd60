"""Asking destinations to keep what they were sent, and whether they show it: real associations."""

import threading
from contextlib import contextmanager

import httpx
import pytest
from clock import Clock, now
from loopback import NODE, door
from owing import Owing
from peers.programs import until
from pydicom import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
)

from service.delivery.committing import MOST_TRIES, Report, ask_due, note
from service.delivery.peer import Address, Patience, Peer
from service.delivery.sender import Sender
from service.delivery.senders import Senders
from service.delivery.showing import NOT_FOUND, PAUSES, Showing
from service.delivery.target import Served
from service.ledger.commitments import MOST_SENDS
from service.ledger.records import DeliveryState

WELL_KNOWN = "1.2.840.10008.1.20.1.1"
USUAL = Patience()


class Archive:
    """A PACS that commits itself to keep what it was sent, but for `lost`."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.asked: list[Dataset] = []
        self.lost: set[str] = set()
        self.shown: set[str] = set()
        self.answers = True
        self.status = 0
        ae = AE(ae_title="PACS")
        for context in AllStoragePresentationContexts[:127]:
            ae.add_supported_context(context.abstract_syntax)
        ae.add_supported_context(StorageCommitmentPushModel)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        handlers = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._action),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_DIMSE_SENT, self._after),
        ]
        self.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)

    @property
    def peer(self) -> Peer:
        return Peer(Address("PACS", "127.0.0.1", self.server.server_address[1]), NODE, USUAL)

    def _store(self, event):
        self.came.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    def _action(self, event):
        self.asked.append(event.action_information)
        return self.status, None

    def _after(self, event):
        """Report on the same association, once the request is answered."""
        if type(event.message).__name__ != "N_ACTION_RSP" or not self.answers or self.status:
            return
        told = report_on(self.asked[-1], self.lost)
        threading.Thread(
            target=event.assoc.send_n_event_report,
            args=(told, 2 if self.lost else 1, StorageCommitmentPushModel, WELL_KNOWN),
        ).start()

    def _find(self, event):
        wanted = str(event.identifier.SOPInstanceUID)
        if wanted in self.shown:
            found = Dataset()
            found.QueryRetrieveLevel, found.SOPInstanceUID = "IMAGE", wanted
            yield 0xFF00, found
        yield 0x0000, None


def report_on(request: Dataset, lost: set[str]) -> Dataset:
    told = Dataset()
    told.TransactionUID = request.TransactionUID
    told.ReferencedSOPSequence, told.FailedSOPSequence = [], []
    for item in request.ReferencedSOPSequence:
        if item.ReferencedSOPInstanceUID in lost:
            item.FailureReason = 0x0112
            told.FailedSOPSequence.append(item)
        else:
            told.ReferencedSOPSequence.append(item)
    if not told.FailedSOPSequence:
        del told.FailedSOPSequence
    return told


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def owing(tmp_path, clock):
    made = Owing(tmp_path, clock)
    yield made
    made.ledger.close()


@pytest.fixture
def archive():
    made = Archive()
    yield made
    made.server.shutdown()


def send(owing: Owing, archive: Archive) -> None:
    Sender("pacs", owing.outbox(), owing.way()).send_due(archive.peer, threading.Event())


def ask(owing: Owing, archive: Archive) -> None:
    ask_due("pacs", archive.peer, owing.outbox())


def committed(owing: Owing) -> set[str]:
    return {one.sop_instance_uid for one in owing.ledger.deliveries() if one.committed_at}


def test_what_was_sent_is_committed_in_one_request(owing, archive):
    uids = {owing.owe("pacs") for _ in range(3)}
    send(owing, archive)

    ask(owing, archive)
    ask(owing, archive)

    assert committed(owing) == uids
    (request,) = archive.asked
    assert {i.ReferencedSOPInstanceUID for i in request.ReferencedSOPSequence} == uids
    assert not owing.ledger.due_commitments("pacs", is_ours=True)


def test_what_the_archive_lost_is_sent_again_and_asked_about_again(owing, archive, clock):
    lost, kept = owing.owe("pacs"), owing.owe("pacs")
    archive.lost = {lost}
    send(owing, archive)
    ask(owing, archive)
    assert owing.states() == {lost: DeliveryState.OWED, kept: DeliveryState.SENT}
    assert committed(owing) == {kept}

    archive.lost = set()
    clock.pass_(1)
    send(owing, archive)
    ask(owing, archive)

    assert archive.came == [lost, kept, lost]
    assert committed(owing) == {lost, kept}


def test_what_the_archive_loses_every_time_waits_for_a_person(owing, archive, clock):
    lost = owing.owe("pacs")
    archive.lost = {lost}

    for _ in range(MOST_SENDS + 2):
        send(owing, archive)
        ask(owing, archive)
        clock.pass_(1)

    assert archive.came == [lost] * MOST_SENDS
    assert owing.states() == {lost: DeliveryState.PARKED}
    assert "0112H" in owing.ledger.deliveries()[0].error


def test_a_request_without_an_answer_is_repeated_ever_more_slowly_and_then_parked(
    owing, archive, clock
):
    owing.owe("pacs")
    archive.answers, archive.status = False, 0x0213
    send(owing, archive)

    for _ in range(24 * 60):
        ask(owing, archive)
        clock.pass_(60)

    assert len(archive.asked) == MOST_TRIES
    assert len({request.TransactionUID for request in archive.asked}) == 1
    assert owing.ledger.deliveries()[0].state is DeliveryState.SENT


def test_a_late_answer_counts_even_after_the_request_was_given_up(owing, archive, clock):
    uid = owing.owe("pacs")
    archive.status = 0x0110
    send(owing, archive)
    for _ in range(24):
        ask(owing, archive)
        clock.pass_(3600)

    note(Report(str(archive.asked[0].TransactionUID), [uid], {}), owing.outbox())

    assert committed(owing) == {uid}


def test_a_report_that_comes_twice_changes_nothing_and_one_of_nobody_is_told_apart(owing, archive):
    uid = owing.owe("pacs")
    send(owing, archive)
    ask(owing, archive)
    transaction = str(archive.asked[0].TransactionUID)

    assert owing.ledger.report_commitment(transaction, [], {uid: 0x0112})
    assert not owing.ledger.report_commitment("1.2.3", [uid], {})

    assert committed(owing) == {uid}
    assert owing.states() == {uid: DeliveryState.SENT}


def test_a_peer_without_storage_commitment_is_told_in_the_request(owing, archive):
    owing.owe("pacs")
    send(owing, archive)
    with stranger() as peer:
        ask_due("pacs", peer, owing.outbox())

    delivery = owing.ledger.deliveries()[0]
    request = owing.ledger.commitment(delivery.transaction_uid, "pacs")
    assert "takes none of Storage Commitment" in request.error


@contextmanager
def stranger():
    """Give a peer that takes images and knows nothing else."""
    ae = AE(ae_title="PACS")
    server = ae.start_server(
        ("127.0.0.1", 0), block=False, contexts=AllStoragePresentationContexts[:10]
    )
    try:
        yield Peer(Address("PACS", "127.0.0.1", server.server_address[1]), NODE, USUAL)
    finally:
        server.shutdown()


def looked(owing: Owing, archive: Archive, clock: Clock, since) -> None:
    showing = Showing("pacs", owing.outbox(), since)
    for pause in PAUSES:
        showing = showing.looked(archive.peer)
        clock.pass_(pause.total_seconds())
    showing = showing.looked(archive.peer)
    assert not showing.sought


def test_what_the_archive_shows_is_not_remarked_upon(owing, archive, clock):
    since, uid = clock(), owing.owe("pacs")
    archive.shown = {uid}
    send(owing, archive)

    looked(owing, archive, clock, since)

    assert owing.ledger.deliveries()[0].error == ""


def test_what_it_does_not_show_is_remarked_upon_and_not_sent_again(owing, archive, clock):
    since, uid = clock(), owing.owe("pacs")
    send(owing, archive)

    looked(owing, archive, clock, since)

    (row,) = owing.ledger.deliveries()
    assert (row.state, row.error) == (DeliveryState.SENT, NOT_FOUND)
    assert archive.came == [uid]


def test_orthanc_commits_itself_on_an_association_of_its_own_and_shows_what_it_has(
    tmp_path, orthanc, caplog
):
    caplog.set_level("INFO", logger="service.delivery")
    owing = Owing(tmp_path, now)
    uids = {owing.owe("pacs") for _ in range(2)}
    pacs = Peer(Address(orthanc.ae_title, "127.0.0.1", orthanc.dicom_port), NODE)
    stop = threading.Event()
    served = {"pacs": Served(pacs, commits=pacs, shows=pacs)}
    senders = Senders(owing.outbox(), lambda: served, lambda _: False, owing.up.__setitem__)
    thread = threading.Thread(target=senders.run, args=(stop,))

    with door(tmp_path, is_reachable=lambda _: False) as node:
        make_known(orthanc, node.port)
        thread.start()
        try:
            until(lambda: committed(owing) == uids, 60)
            until(lambda: caplog.text.count("pacs shows 2.25.") == 2, 60)
        finally:
            stop.set()
            thread.join()

    assert orthanc.instances() == sorted(uids)
    owing.ledger.close()


def make_known(orthanc, port: int) -> None:
    """Tell Orthanc where we listen."""
    known = {"AET": NODE, "Host": "127.0.0.1", "Port": port}
    url = f"http://127.0.0.1:{orthanc.http_port}/modalities/senoscope"
    httpx.put(url, json=known).raise_for_status()
