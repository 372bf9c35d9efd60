"""Bytes go when nobody needs them any more, and nothing else goes."""

import os
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from clock import Clock, now
from working import job_of, plain_image, row_of

from service.errors import RefusedError, UnavailableError, UnknownError
from service.ledger.receive import Reception, receive
from service.ledger.records import Decision, Result
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.queue.inline import InlineQueue
from service.readiness import Readiness
from service.worker.storekeeper import Kept, Storekeeper

DAYS_30 = timedelta(days=30)
IMAGE = plain_image("1.2.3")
USUAL = Kept(DAYS_30, DAYS_30)
RESULT = plain_image("1.2.99")


class World:
    """One study on its way through the node, by hand."""

    def __init__(self, folder, url, kept=USUAL, committing=()):
        self.clock = Clock()
        self.ledger = open_ledger(url, self.clock)
        self.received, self.results = Spool(folder / "received"), Spool(folder / "results")
        self.keeper = Storekeeper(
            self.ledger, self.received, self.results, kept, lambda: committing, self.clock
        )

    def receive(self, image=IMAGE, content=b"pixels", digest="0" * 32):
        temporary = self.received.temporary()
        temporary.write_bytes(content)
        row = row_of(image, received_at=self.clock(), digest=digest, size=len(content))
        return receive(self.received, self.ledger, row, temporary)

    def judge(self):
        made = job_of(IMAGE, "copy", created_at=self.clock(), run_at=self.clock())
        self.ledger.decide([self.decision(taken=True)], [made])

    def decision(self, uid="1.2.3", version="", *, taken=False):
        moment = self.clock()
        return Decision(uid, "route", "copy", taken, "said", "", moment, version)

    def finish(self):
        job = self.ledger.claim("host 1 1")
        self.results.keep_dataset(RESULT)
        result = Result(
            "1.2.99", RESULT.SOPClassUID, "1.2.1", "1.2", "1.2.840.10008.1.2.1", 9, "sr", ("pacs",)
        )
        self.ledger.finish(job, [result], {})

    def deliver(self):
        (delivery,) = self.ledger.deliveries()
        self.ledger.sent(delivery)

    def pass_by(self, **time):
        self.clock.pass_(timedelta(**time).total_seconds())

    def clean(self):
        return self.keeper.clean(threading.Event())

    def whole_way(self):
        self.receive()
        self.judge()
        self.finish()
        self.deliver()

    @property
    def row(self):
        return self.ledger.instances("1.2")[0]


@pytest.fixture
def world(tmp_path, ledger_url):
    made = World(tmp_path, ledger_url)
    yield made
    made.ledger.close()


def test_bytes_go_when_all_is_delivered_and_past_its_retention_and_rows_stay(world):
    world.whole_way()
    world.pass_by(days=29)
    assert world.clean() == 0
    world.pass_by(days=2)

    assert world.clean() == 2

    assert not world.received.exists("1.2.3")
    assert not world.results.exists("1.2.99")
    assert world.row.removed_at == world.clock()
    assert world.ledger.spool_usage() == {"received": (0, 0), "results": (0, 0)}
    assert world.clean() == 0


def received(world):
    world.receive()


def judged_with_an_open_job(world):
    world.receive()
    world.judge()


def running(world):
    judged_with_an_open_job(world)
    world.ledger.claim("host 1 1")


def dead(world):
    judged_with_an_open_job(world)
    world.ledger.refuse_job(world.ledger.claim("host 1 1"), "no")


def owed(world):
    judged_with_an_open_job(world)
    world.finish()


def parked(world):
    owed(world)
    (delivery,) = world.ledger.deliveries()
    world.ledger.park(delivery, "no")


def with_a_late_image(world):
    world.whole_way()
    world.pass_by(days=40)
    world.receive(plain_image("1.2.4"), digest="4" * 32)


@pytest.mark.parametrize(
    "so_far",
    [received, judged_with_an_open_job, running, dead, owed, parked, with_a_late_image],
)
def test_nothing_goes_while_anything_is_to_come(world, so_far):
    so_far(world)
    if so_far is not with_a_late_image:
        world.pass_by(days=400)

    assert world.clean() == 0

    assert world.received.exists("1.2.3")


def test_an_image_that_no_route_takes_goes_too(world):
    world.receive()
    world.ledger.decide([world.decision()], [])
    world.pass_by(days=31)

    assert world.clean() == 1


def test_what_a_destination_has_not_committed_itself_to_stays(tmp_path, ledger_url):
    world = World(tmp_path, ledger_url, committing=("pacs",))
    world.whole_way()
    world.pass_by(days=31)

    assert world.clean() == 0
    world.ledger.close()


def test_nothing_goes_where_all_is_kept_for_ever(tmp_path, ledger_url):
    world = World(tmp_path, ledger_url, kept=Kept(None, None))
    world.whole_way()
    world.pass_by(days=10_000)

    assert world.clean() == 0
    world.ledger.close()


def test_images_may_go_before_results(tmp_path, ledger_url):
    world = World(tmp_path, ledger_url, kept=Kept(DAYS_30, None))
    world.whole_way()
    world.pass_by(days=31)

    assert world.clean() == 1
    assert world.results.exists("1.2.99")
    world.ledger.close()


def test_what_was_removed_is_not_processed_again_until_it_is_sent_again(world):
    world.whole_way()
    world.pass_by(days=31)
    world.clean()

    with pytest.raises(RefusedError, match=f"past their retention, from {world.clock():%Y-%m-%d}"):
        world.ledger.reopen("1.2")
    assert world.row.removed_at is not None
    assert world.ledger.decisions("1.2")
    assert world.receive() is Reception.KNOWN
    world.ledger.reopen("1.2")

    assert world.row.removed_at is None
    assert world.received.exists("1.2.3")


def test_what_was_sent_again_is_kept_as_long_again(world):
    world.whole_way()
    world.pass_by(days=31)
    world.clean()
    world.receive()
    world.pass_by(days=29)

    assert world.clean() == 0


@pytest.mark.parametrize("left", [b"pixels", b"pix", b"others"])
def test_what_a_crash_left_of_removed_bytes_is_replaced_when_they_are_sent_again(world, left):
    world.whole_way()
    world.pass_by(days=31)
    world.clean()
    world.received.path("1.2.3").write_bytes(left)  # named, but the ledger was never told

    assert world.receive() is Reception.KNOWN

    assert world.row.removed_at is None
    assert world.received.path("1.2.3").read_bytes() == b"pixels"
    assert len(world.ledger.instances("1.2")) == 1


def test_versions_of_an_image_go_with_it(world):
    world.whole_way()
    world.receive(content=b"others", digest="7" * 32)
    version = world.ledger.instances("1.2")[1].version
    world.ledger.decide([world.decision(version=version)], [])
    world.pass_by(days=31)

    assert world.clean() == 3
    assert not world.received.exists("1.2.3", version)


def test_who_dies_between_file_and_row_is_healed_by_the_next_round(world):
    world.whole_way()
    world.pass_by(days=31)

    def dies(instance):
        world.received.remove(instance.sop_instance_uid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.ledger.remove_received(world.clock() - DAYS_30, [], dies, 10)
    assert world.row.removed_at is None

    assert world.clean() == 2
    assert world.row.removed_at is not None


def test_a_disk_that_fails_leaves_the_rows_as_they_are(world):
    world.whole_way()
    world.pass_by(days=31)

    def fails(instance):
        raise UnavailableError(instance.sop_instance_uid)

    with pytest.raises(UnavailableError):
        world.ledger.remove_received(world.clock() - DAYS_30, [], fails, 10)

    assert world.row.removed_at is None


def test_many_go_in_small_batches_and_a_node_that_stops_need_not_wait(world):
    for number in range(45):
        world.receive(plain_image(f"1.2.3.{number}"), digest=f"{number:032}")
    decisions = [world.decision(row.sop_instance_uid) for row in world.ledger.instances("1.2")]
    world.ledger.decide(decisions, [])
    world.pass_by(days=31)
    stopping = threading.Event()
    stopping.set()

    assert world.keeper.clean(stopping) == 0
    assert world.clean() == 45


def test_a_file_without_a_row_goes_when_it_is_old_and_those_with_one_stay(world):
    world.receive()
    for uid in ("1.2.77", "1.2.78"):
        temporary = world.received.temporary()
        temporary.write_bytes(b"kept, but its row was never committed")
        world.received.keep(uid, temporary)
    world.clock.time = now()
    yesterday = time.time() - 25 * 3600
    for uid in ("1.2.3", "1.2.77"):
        os.utime(world.received.path(uid), (yesterday, yesterday))

    assert world.keeper.reconcile(threading.Event()) == 1

    assert [world.received.exists(uid) for uid in ("1.2.3", "1.2.77", "1.2.78")] == [
        True,
        False,
        True,
    ]


class SentAgain:
    """A ledger that is told of an image right after it was asked for what it does not know."""

    def __init__(self, world):
        self.world, self.asked = world, 0

    def unknown_received(self, names):
        unknown = self.world.ledger.unknown_received(names)
        self.asked += 1
        if self.asked == 1:
            self.world.receive()
        return unknown


def test_what_a_sender_sends_again_just_then_is_no_longer_without_a_row(world):
    orphan = old_file(world, world.received.path("1.2.3").name)
    world.keeper = replace(world.keeper, ledger=SentAgain(world))

    assert world.keeper.reconcile(threading.Event()) == 0

    assert orphan.read_bytes() == b"pixels"


def test_the_ledger_knows_how_much_lies_in_the_spool(world):
    world.whole_way()
    world.receive(plain_image("1.2.4"), content=b"1234", digest="4" * 32)

    assert world.ledger.spool_usage() == {"received": (2, 10), "results": (1, 9)}
    assert {one.sop_instance_uid for one in world.ledger.newest_received(5)} == {"1.2.3", "1.2.4"}


def test_a_row_keeps_what_it_says_otherwise(world):
    world.whole_way()
    before = world.row
    world.pass_by(days=31)
    world.clean()

    assert world.row == replace(before, removed_at=world.clock())


def test_check_names_an_image_whose_file_somebody_else_removed(world):
    world.whole_way()
    world.receive(plain_image("1.2.4"), digest="4" * 32)
    ready = Readiness(world.ledger, InlineQueue(print), world.received, None, 0)
    assert ready.files_are_there().ok

    world.received.path("1.2.4").unlink()

    found = ready.files_are_there()
    assert not found.ok
    assert found.detail == "1 of the newest 2 are gone, as 1.2.4: send again"


def test_results_that_were_removed_are_not_owed_again(world):
    world.whole_way()
    assert world.ledger.resend("1.2", "pacs") == 1
    world.deliver()
    world.pass_by(days=31)
    world.clean()

    with pytest.raises(UnknownError, match="still kept"):
        world.ledger.resend("1.2", "pacs")


def old_file(world, name):
    path = world.received.path("1.2.3").parent / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"something")
    long_ago = world.clock().timestamp() - 100 * 24 * 3600
    os.utime(path, (long_ago, long_ago))
    return path


def test_a_file_that_somebody_else_put_there_stays_and_stops_nothing(world):
    foreign = old_file(world, "1.2.3 (copy).dcm")

    assert world.keeper.reconcile(threading.Event()) == 0

    assert foreign.exists()


def test_a_ledger_that_knows_nothing_of_the_spool_is_not_believed(world):
    files = [old_file(world, f"1.2.3.{number}.dcm") for number in range(101)]

    assert world.keeper.reconcile(threading.Event()) == 0

    assert all(path.exists() for path in files)


def test_what_comes_again_after_a_crash_midway_of_its_removal_is_kept_as_long_again(world):
    world.whole_way()
    world.pass_by(days=31)
    world.received.remove("1.2.3")  # killed here: the row does not say so

    assert world.receive() is Reception.KNOWN
    world.clean()

    assert world.received.exists("1.2.3")
