"""From what is owed to what was sent, whatever the destinations do."""

import socket
import struct
import threading
import time
from datetime import timedelta

import pytest
from clock import Clock, now
from hypothesis import given
from hypothesis import strategies as st
from loopback import NODE
from owing import Owing, scp
from peers.dcmtk import storescp
from peers.programs import until
from pynetdicom import AE, AllStoragePresentationContexts, evt

from service.delivery.backoff import delay
from service.delivery.breaker import MOST_FAILURES, Breaker, Reach
from service.delivery.peer import Address, Patience, Peer
from service.delivery.sender import BATCH, Sender
from service.delivery.senders import Senders
from service.delivery.target import Served
from service.demo.orthanc import free_port
from service.errors import UnknownError
from service.ledger.records import DeliveryState, Priority

USUAL = Patience()
HASTY = Patience(dimse_s=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def owing(tmp_path, clock):
    made = Owing(tmp_path, clock)
    yield made
    made.ledger.close()


def peer(port: int, patience: Patience = USUAL) -> Peer:
    return Peer(Address("PACS", "127.0.0.1", port), NODE, patience)


def serve(status) -> tuple[AE, int]:
    ae = AE(ae_title="PACS")
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        contexts=AllStoragePresentationContexts,
        evt_handlers=[(evt.EVT_C_STORE, lambda _: status)],
    )
    return server, server.server_address[1]


def accept_and_cut(server: socket.socket) -> None:
    """Take a connection, read the beginning of what comes, and close it hard."""
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


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


def sender(owing: Owing, owner: str = "me") -> Sender:
    return Sender("pacs", owing.outbox(owner), owing.way())


def test_what_is_owed_arrives_and_is_owed_no_more(owing, tmp_path):
    uids = {owing.owe("pacs") for _ in range(3)}

    with storescp(tmp_path / "pacs") as pacs:
        assert sender(owing).send_due(peer(pacs.port), threading.Event()) == 3
        assert sender(owing).send_due(peer(pacs.port), threading.Event()) == 0

    assert owing.states() == dict.fromkeys(uids, DeliveryState.SENT)
    assert len(list((tmp_path / "pacs").iterdir())) == 3


def test_a_destination_that_is_down_is_tried_again_for_ever_and_no_object_counts_as_tried(
    owing, clock, tmp_path
):
    uids = [owing.owe("pacs") for _ in range(3)]
    one = sender(owing)
    nobody, tries = peer(free_port()), []

    for _ in range(600):
        before = one.way.may_try(clock())
        one.send_due(nobody, threading.Event())
        tries += [clock.time] if before else []
        clock.pass_(1)
    rows = owing.ledger.deliveries()

    assert owing.up == {"pacs": False}
    assert 12 <= len(tries) <= 26  # in ten minutes: at once, then ever more slowly
    assert (tries[-1] - tries[-2]).total_seconds() >= 30
    assert [row.attempts for row in rows] == [0, 0, 0]
    assert all("cannot be reached" in row.error for row in rows)

    clock.pass_(60)
    with storescp(tmp_path / "pacs") as pacs:
        assert one.send_due(peer(pacs.port), threading.Event()) == 3
    assert owing.states() == dict.fromkeys(uids, DeliveryState.SENT)
    assert owing.up == {"pacs": True}
    assert [row.error for row in owing.ledger.deliveries()] == ["", "", ""]


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


def test_two_processes_do_not_send_the_same_object(owing):
    uids = [owing.owe("pacs") for _ in range(BATCH + 4)]
    mine = owing.ledger.take_owed("pacs", "me", 60, BATCH)
    others = owing.ledger.take_owed("pacs", "other", 60, BATCH)

    assert [one.sop_instance_uid for one in (*mine, *others)] == uids
    assert not owing.ledger.take_owed("pacs", "third", 60, BATCH)


def test_what_a_process_that_is_gone_was_sending_is_sent_by_another(owing, clock):
    for _ in range(3):
        owing.owe("pacs")
    owing.ledger.take_owed("pacs", "dead", 60, 2)
    owing.ledger.take_owed("pacs", "alive", 60, 1)

    assert owing.ledger.free_deliveries(lambda owner: owner == "dead") == 2
    assert len(owing.ledger.take_owed("pacs", "me", 60, BATCH)) == 2
    clock.pass_(61)
    assert len(owing.ledger.take_owed("pacs", "other", 60, BATCH)) == 3


def test_who_lost_his_lease_cannot_put_off_what_another_sends(owing, clock):
    owing.owe("pacs")
    (late,) = owing.ledger.take_owed("pacs", "late", 60, 1)
    clock.pass_(61)
    (held,) = owing.ledger.take_owed("pacs", "other", 60, 1)

    owing.ledger.postpone(late, timedelta(hours=1), "too late")
    owing.ledger.give_back_deliveries([late])

    (row,) = owing.ledger.deliveries()
    assert (row.owner, row.attempts, row.run_at) == ("other", 0, held.run_at)


def test_an_urgent_result_overtakes_what_waits(owing):
    for _ in range(3):
        owing.owe("pacs", lane=Priority.BACKGROUND)
    urgent = owing.owe("pacs", lane=Priority.URGENT)

    with scp() as (port, order):
        sender(owing).send_due(peer(port), threading.Event())

    assert order[0] == urgent


def test_a_batch_ends_soon_and_gives_back_what_it_did_not_send(owing, clock):
    for _ in range(5):
        owing.owe("pacs")

    def slowly(_):
        clock.pass_(1.5)
        return 0

    with scp(slowly) as (port, order):
        assert sender(owing).send_due(peer(port), threading.Event()) == 2

    assert len(order) == 2
    assert len(owing.ledger.owed("pacs")) == 3
    assert {row.attempts for row in owing.ledger.owed("pacs")} == {0}


def test_of_a_batch_only_what_was_refused_is_tried_again(owing, clock):
    first, bad, last = (owing.owe("pacs") for _ in range(3))

    with scp(lambda uid: 0xC000 if uid == bad else 0) as (port, order):
        assert sender(owing).send_due(peer(port), threading.Event()) == 2
        clock.pass_(60)
        sender(owing).send_due(peer(port), threading.Event())

    sent = DeliveryState.SENT
    assert owing.states() == {first: sent, bad: DeliveryState.OWED, last: sent}
    assert order == [first, bad, last, bad]


def test_an_abort_midway_counts_for_the_object_under_way_alone(owing):
    first, bad, last = (owing.owe("pacs") for _ in range(3))

    with scp(lambda uid: None if uid == bad else 0) as (port, _):
        sender(owing).send_due(peer(port), threading.Event())
        attempts = {row.sop_instance_uid: row.attempts for row in owing.ledger.deliveries()}
        assert attempts == {first: 1, bad: 1, last: 0}
        sender(owing).send_due(peer(port), threading.Event())

    sent = DeliveryState.SENT
    assert owing.states() == {first: sent, bad: DeliveryState.OWED, last: sent}
    assert owing.up == {"pacs": True}


def test_a_warning_means_taken_and_is_kept(owing):
    owing.owe("pacs")

    with scp(lambda _: 0xB000) as (port, _):
        assert sender(owing).send_due(peer(port), threading.Event()) == 1

    (row,) = owing.ledger.deliveries()
    assert row.state is DeliveryState.SENT
    assert "B000H" in row.error


def test_a_destination_without_room_is_not_sent_the_rest_of_the_batch(owing):
    for _ in range(5):
        owing.owe("pacs")

    with scp(lambda _: 0xA700) as (port, order):
        sender(owing).send_due(peer(port), threading.Event())

    assert len(order) == 1
    assert sorted(row.attempts for row in owing.ledger.deliveries()) == [0, 0, 0, 0, 1]


def test_a_destination_that_closes_in_the_middle_of_a_message_is_unavailable(owing):
    owing.owe("pacs")
    with socket.create_server(("127.0.0.1", 0)) as server:
        cut = threading.Thread(target=accept_and_cut, args=(server,))
        cut.start()
        sender(owing).send_due(peer(server.getsockname()[1]), threading.Event())
        cut.join()

    (row,) = owing.ledger.deliveries()
    assert row.state is DeliveryState.OWED
    assert row.error


def test_what_was_sent_can_be_sent_again(owing, tmp_path):
    uid = owing.owe("pacs")
    study = str(owing.spool.header(uid).StudyInstanceUID)
    with storescp(tmp_path / "pacs") as pacs:
        sender(owing).send_due(peer(pacs.port), threading.Event())
        pacs.files()[0].unlink()

        assert owing.ledger.resend(study, "pacs") == 1
        sender(owing).send_due(peer(pacs.port), threading.Event())

        assert pacs.instances() == [uid]
    with pytest.raises(UnknownError, match="elsewhere was to receive nothing"):
        owing.ledger.resend(study, "elsewhere")


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
        peers = {"up": Served(peer(pacs.port)), "down": Served(peer(free_port()))}
        senders = Senders(owing.outbox(), lambda: peers, lambda _: False, owing.up.__setitem__)
        thread = threading.Thread(target=senders.run, args=(stop,))
        thread.start()
        until(lambda: owing.ledger.delivery_counts().get(("up", "sent")) == 3, 10)

        peers["down"] = Served(peer(pacs.port))
        until(lambda: owing.ledger.delivery_counts().get(("down", "sent")) == 3, 20)
        stop.set()
        thread.join(10)

    assert not thread.is_alive()
    owing.ledger.close()


def test_a_destination_that_is_down_is_told_to_be_until_it_is_reached(tmp_path):
    owing = Owing(tmp_path, now)
    owing.owe("pacs")
    told, stop = [], threading.Event()
    peers = {"pacs": Served(peer(free_port()), associations=1)}
    tell = lambda _, up: told.append(up)  # noqa: E731
    senders = Senders(owing.outbox(), lambda: peers, lambda _: False, tell)
    thread = threading.Thread(target=senders.run, args=(stop,))
    thread.start()
    until(lambda: told.count(False) >= 1, 30)

    time.sleep(3)
    stop.set()
    thread.join(10)

    assert told[0]
    assert not told[-1]
    assert sorted(told, reverse=True) == told
    owing.ledger.close()


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_the_pause_grows_to_a_minute_and_no_further(attempt, chance):
    assert 0.5 <= delay(attempt, chance).total_seconds() <= 60
    assert delay(attempt, chance) <= delay(attempt + 1, chance)


MOMENTS = st.lists(st.tuples(st.sampled_from(["fail", "reach"]), st.floats(0, 300)), max_size=30)


@given(moments=MOMENTS, chance=st.floats(0, 1))
def test_a_breaker_never_keeps_what_waits_longer_than_a_minute(moments, chance):
    clock, breaker = Clock(), Breaker()
    for event, seconds in moments:
        clock.pass_(seconds)
        breaker = breaker.failed(clock(), chance) if event == "fail" else Breaker()

    clock.pass_(60)

    assert breaker.may_try(clock())
    assert breaker.reach(clock()) is not Reach.OPEN


@given(failures=st.integers(1, 100), chance=st.floats(0, 1), seconds=st.floats(0, 59))
def test_after_a_failure_one_tries_at_a_time(failures, chance, seconds):
    clock, breaker = Clock(), Breaker()
    for _ in range(failures):
        breaker = breaker.failed(clock(), chance)
    clock.pass_(60)

    probing = breaker.trying(clock())
    clock.pass_(seconds)

    assert not probing.may_try(clock())
    assert probing.is_up == (failures < MOST_FAILURES)


def test_a_clock_that_is_set_back_keeps_no_destination_waiting():
    clock = Clock()
    breaker = Breaker().failed(clock(), 1)
    clock.pass_(-86400)

    assert breaker.may_try(clock())


def test_processes_that_deliver_at_once_send_each_object_once(tmp_path):
    owing = Owing(tmp_path, now)
    uids = {owing.owe("pacs") for _ in range(3 * BATCH)}
    stop = threading.Event()
    with scp() as (port, order):
        served = {"pacs": Served(peer(port), associations=3)}
        threads = [
            threading.Thread(
                target=Senders(
                    owing.outbox(name), lambda: served, lambda _: False, owing.up.__setitem__
                ).run,
                args=(stop,),
            )
            for name in ("one", "two")
        ]
        for thread in threads:
            thread.start()
        until(lambda: owing.ledger.delivery_counts().get(("pacs", "sent")) == len(uids), 60)
        stop.set()
        for thread in threads:
            thread.join()

    assert sorted(order) == sorted(uids)
    owing.ledger.close()


def test_a_destination_that_answers_too_slowly_is_tried_again_later(owing):
    uid = owing.owe("pacs")
    hung = threading.Event()

    with scp(lambda _: 0 if hung.wait(10) else 0xC000) as (port, order):
        assert sender(owing).send_due(peer(port, HASTY), threading.Event()) == 0
        hung.set()

    (row,) = owing.ledger.deliveries()
    assert (row.state, row.attempts, order) == (DeliveryState.OWED, 1, [uid])
    assert "did not answer" in row.error


def test_after_an_outage_the_queue_goes_out_at_once_and_in_order(owing, clock):
    uids = [owing.owe("pacs") for _ in range(2 * BATCH)]
    one, nobody = sender(owing), peer(free_port())
    for _ in range(10):
        one.send_due(nobody, threading.Event())
        clock.pass_(60)

    with scp() as (port, order):
        assert one.send_due(peer(port), threading.Event()) == BATCH
        assert one.send_due(peer(port), threading.Event()) == BATCH

    assert order == uids
