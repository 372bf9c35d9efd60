"""A disk that is full at each step: what cannot be kept is put off, and all heals with room."""

import time
from itertools import islice

import pytest
from loopback import Raw, ct
from peers.programs import until

from faults.jobs import is_settled, left, put, quick_jobs
from faults.place import Embedded
from faults.served import served
from faults.small_disk import small_disk
from service.ledger.records import JobState

FULL_S = 6.0
JOBS = 10


def test_a_sender_is_put_off_while_the_disk_is_full_and_served_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "node" / "data", 48) as disk, served(tmp_path / "node") as node:
        peer = Raw(node.port).associate()
        disk.fill()
        peer.store(ct("1.2.3.5.1", "1.2.3.5"), "1.2.3.5.1")
        assert peer.receive() == 0xA700
        with Raw(node.port) as other:
            assert other.requested() == "rejected"

        disk.empty()

        peer.store(ct("1.2.3.5.1", "1.2.3.5"), "1.2.3.5.1")
        assert peer.receive() == 0
        peer.release()
        peer.socket.close()
        assert node.ledger.study("1.2.3.5").instances == 1
        node.is_well()


def test_a_sender_is_put_off_while_the_ledgers_file_is_gone_and_served_when_it_is_back(tmp_path):
    ledger = tmp_path / "node" / "data" / "ledger.sqlite"
    with served(tmp_path / "node") as node, Raw(node.port).associate() as peer:
        away = ledger.rename(ledger.with_name("elsewhere"))
        peer.store(ct("1.2.3.5.1", "1.2.3.5"), "1.2.3.5.1")
        assert peer.receive() == 0xA700

        away.rename(ledger)

        peer.store(ct("1.2.3.5.1", "1.2.3.5"), "1.2.3.5.1")
        assert peer.receive() == 0
        peer.release()
        peer.socket.close()
        assert node.ledger.study("1.2.3.5").instances == 1
        node.is_well()


@pytest.mark.parametrize("step", ["results", "broker", "."], ids=["results", "broker", "ledger"])
def test_work_waits_while_the_disk_is_full_and_goes_on_when_there_is_room(step, tmp_path):
    folder = tmp_path / "place"
    with small_disk(folder / "data" / step, 24) as disk, Embedded(folder) as place:
        jobs = quick_jobs(place)
        put(place, [*islice(jobs, 2)])
        until(lambda: len(place.pacs.came) == 2, 90, why=lambda: left(place))
        more = [*islice(jobs, JOBS)]
        if step != ".":
            disk.fill()
            put(place, more)
        else:
            put(place, more)
            disk.fill()
        time.sleep(FULL_S)

        disk.empty()

        until(lambda: is_settled(place), 120, why=lambda: left(place))
        assert {job.state for job in place.ledger.jobs(limit=None)} == {JobState.DONE}
        assert {came.study_instance_uid for came in place.pacs.came} == {
            job.study_instance_uid for job in place.ledger.jobs(limit=None)
        }
        assert place.serve.starts == 1, place.log()
