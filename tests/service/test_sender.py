"""From what is owed to what was sent, whatever the destinations do."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from clock import Clock, now
from hypothesis import given
from hypothesis import strategies as st
from loopback import NODE
from peers.dcmtk import storescp
from peers.programs import until
from phantoms import mammogram
from pynetdicom import AE, AllStoragePresentationContexts, evt

from service.delivery.backoff import delay
from service.delivery.peer import Address, Patience, Peer
from service.delivery.sender import Sender, Senders
from service.demo.orthanc import free_port
from service.ledger.records import DeliveryState, Instance, Job, Priority, Result
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger

HASTY = Patience(connect_s=1, acse_s=1, dimse_s=1)


class Owing:
    """A ledger and spool of results that owe objects to destinations."""

    def __init__(self, folder: Path, clock) -> None:
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock)
        self.spool = Spool(folder / "results")
        self.clock = clock
        self.jobs = 0

    def owe(self, *destinations: str) -> str:
        """Owe a new object to each of `destinations`; return its UID."""
        image = mammogram("LCC", seed=self.jobs, rows=96, columns=64)
        self.jobs += 1
        path = self.spool.keep_dataset(image)
        uid, study = str(image.SOPInstanceUID), str(image.StudyInstanceUID)
        source = f"1.2.{self.jobs}"
        syntax = str(image.file_meta.TransferSyntaxUID)
        self.ledger.record(
            Instance(source, "1.2", study, "1.2", syntax, "MAMMO1", "", 1, "", self.clock())
        )
        job = Job(
            f"job{self.jobs}", study, (source,), "r", "sr", destinations, Priority.ROUTINE,
            self.clock(), self.clock(),
        )  # fmt: skip
        self.ledger.decide([], [job])
        result = Result(
            uid,
            str(image.SOPClassUID),
            "1.2",
            study,
            syntax,
            path.stat().st_size,
            "gsps",
            destinations,
        )
        assert self.ledger.finish(self.ledger.claim("worker", job.job_id), [result], {})
        return uid

    def states(self) -> dict[str, DeliveryState]:
        return {one.sop_instance_uid: one.state for one in self.ledger.deliveries()}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def owing(tmp_path, clock):
    made = Owing(tmp_path, clock)
    yield made
    made.ledger.close()


def peer(port: int) -> Peer:
    return Peer(Address("PACS", "127.0.0.1", port), NODE, HASTY)


def serve(status) -> tuple[AE, int]:
    ae = AE(ae_title="PACS")
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        contexts=AllStoragePresentationContexts,
        evt_handlers=[(evt.EVT_C_STORE, lambda _: status)],
    )
    return server, server.server_address[1]


@pytest.fixture
def refuser():
    server, port = serve(0xC000)
    yield port
    server.shutdown()


@pytest.fixture
def full():
    server, port = serve(0xA700)
    yield port
    server.shutdown()


def sender(owing: Owing) -> Sender:
    return Sender("pacs", owing.ledger, owing.spool, owing.clock)


def test_what_is_owed_arrives_and_is_owed_no_more(owing, tmp_path):
    uids = {owing.owe("pacs") for _ in range(3)}

    with storescp(tmp_path / "pacs") as pacs:
        assert sender(owing).send_due(peer(pacs.port), threading.Event()) == 3
        assert sender(owing).send_due(peer(pacs.port), threading.Event()) == 0

    assert owing.states() == dict.fromkeys(uids, DeliveryState.SENT)
    assert len(list((tmp_path / "pacs").iterdir())) == 3


def test_a_destination_that_is_down_is_tried_again_for_ever_ever_more_slowly(owing, clock):
    uid = owing.owe("pacs")
    waits = []
    nobody = peer(free_port())

    for _ in range(12):
        sender(owing).send_due(nobody, threading.Event())
        (delivery,) = owing.ledger.deliveries()
        waits.append((delivery.run_at - clock.time).total_seconds())
        clock.time = delivery.run_at

    assert owing.states() == {uid: DeliveryState.OWED}
    assert delivery.attempts == 12
    assert waits[0] <= 1
    assert 30 <= waits[-1] <= 60
    assert "cannot be reached" in delivery.error


def test_a_destination_that_does_not_know_us_yet_is_tried_again_for_ever(owing, clock):
    uid = owing.owe("pacs")
    strict = AE(ae_title="PACS")
    strict.require_calling_aet = ["SOMEBODY_ELSE"]
    server = strict.start_server(
        ("127.0.0.1", 0), block=False, contexts=AllStoragePresentationContexts
    )

    for _ in range(5):
        sender(owing).send_due(peer(server.server_address[1]), threading.Event())
        clock.time += timedelta(minutes=2)
    server.shutdown()

    assert owing.states() == {uid: DeliveryState.OWED}
    assert "rejects" in owing.ledger.deliveries()[0].error


def test_a_destination_without_room_is_tried_again(owing, clock, full):
    uid = owing.owe("pacs")

    for _ in range(5):
        sender(owing).send_due(peer(full), threading.Event())
        clock.time += timedelta(minutes=2)

    assert owing.states() == {uid: DeliveryState.OWED}


def test_what_is_refused_three_times_waits_for_a_person_who_can_have_it_sent_again(
    owing, clock, refuser, tmp_path
):
    uid = owing.owe("pacs")

    for _ in range(3):
        assert owing.states() == {uid: DeliveryState.OWED}
        sender(owing).send_due(peer(refuser), threading.Event())
        clock.time += timedelta(minutes=2)
    assert owing.states() == {uid: DeliveryState.PARKED}
    assert "C000H" in owing.ledger.deliveries()[0].error

    owing.ledger.retry_deliveries("pacs")
    with storescp(tmp_path / "pacs") as pacs:
        sender(owing).send_due(peer(pacs.port), threading.Event())

    assert owing.states() == {uid: DeliveryState.SENT}


def test_a_refusal_after_many_failures_to_connect_is_not_yet_the_last_word(owing, clock, refuser):
    uid = owing.owe("pacs")
    for _ in range(5):
        sender(owing).send_due(peer(free_port()), threading.Event())
        clock.time += timedelta(minutes=2)

    sender(owing).send_due(peer(refuser), threading.Event())

    assert owing.states() == {uid: DeliveryState.OWED}


def test_a_result_that_cannot_be_read_is_parked_and_the_others_go_out(owing, tmp_path):
    broken, whole = owing.owe("pacs"), owing.owe("pacs")
    owing.spool.path(broken).write_bytes(b"no DICOM")

    with storescp(tmp_path / "pacs") as pacs:
        sender(owing).send_due(peer(pacs.port), threading.Event())

    assert owing.states() == {broken: DeliveryState.PARKED, whole: DeliveryState.SENT}


def test_a_destination_that_is_down_keeps_no_other_waiting(tmp_path):
    owing = Owing(tmp_path, now)
    for _ in range(3):
        owing.owe("up", "down")
    stop = threading.Event()
    with storescp(tmp_path / "pacs") as pacs:
        peers = {"up": peer(pacs.port), "down": peer(free_port())}
        thread = threading.Thread(
            target=Senders(owing.ledger, owing.spool, lambda: peers, now).run, args=(stop,)
        )
        thread.start()
        until(lambda: owing.ledger.delivery_counts().get(("up", "sent")) == 3, 10)

        peers["down"] = peer(pacs.port)
        until(lambda: owing.ledger.delivery_counts().get(("down", "sent")) == 3, 20)
        stop.set()
        thread.join(10)

    assert not thread.is_alive()
    owing.ledger.close()


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_the_pause_grows_to_a_minute_and_no_further(attempt, chance):
    assert 0.5 <= delay(attempt, chance).total_seconds() <= 60
    assert delay(attempt, chance) <= delay(attempt + 1, chance)
