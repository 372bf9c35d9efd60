"""Bytes go when nobody needs them any more, and nothing else goes."""

import os
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from clock import Clock, now
from working import job_of, plain_image, row_of

from service.errors import RefusedError, UnavailableError, UnknownError
from service.ledger.completions import Judged
from service.ledger.receive import Reception, receive
from service.ledger.records import Commitment, CommitmentState, Completion, Decision, Result
from service.ledger.spool import Spool
from service.ledger.sql import open_ledger
from service.progress import Progress
from service.readiness import files_are_there
from service.worker.storekeeper import BATCH, Kept, Storekeeper

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

    with pytest.raises(
        RefusedError, match=f"no longer kept, the first since {world.clock():%Y-%m-%d}"
    ):
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


class DyingSpool(Spool):
    """A spool whose process dies right after a file is gone."""

    def remove(self, sop_instance_uid, version=""):
        super().remove(sop_instance_uid, version)
        raise KeyboardInterrupt


def test_who_dies_between_file_and_row_is_healed_by_the_next_round(world, tmp_path):
    world.whole_way()
    world.pass_by(days=31)
    dying = replace(world.keeper, received=DyingSpool(tmp_path / "received"))

    with pytest.raises(KeyboardInterrupt):
        dying.clean(threading.Event())
    assert not world.received.exists("1.2.3")
    assert world.row.removed_at is None

    assert world.clean() == 2
    assert world.row.removed_at is not None


class FailingSpool(Spool):
    """A spool on a disk that lets no file go."""

    def remove(self, sop_instance_uid, version=""):
        raise UnavailableError(f"{sop_instance_uid}{version}")


def test_a_disk_that_fails_leaves_the_rows_as_they_are(world, tmp_path):
    world.whole_way()
    world.pass_by(days=31)
    failing = replace(world.keeper, received=FailingSpool(tmp_path / "received"))

    with pytest.raises(UnavailableError):
        failing.clean(threading.Event())

    assert world.row.removed_at is None


class SlowSpool(Spool):
    """A spool that takes its time to let a file go, in which others use the ledger."""

    def __init__(self, root, meanwhile):
        super().__init__(root)
        self.meanwhile = meanwhile

    def remove(self, sop_instance_uid, version=""):
        super().remove(sop_instance_uid, version)
        self.meanwhile()


def test_nobody_waits_for_the_disk_that_lets_a_file_go(world, tmp_path):
    world.whole_way()
    world.pass_by(days=31)
    took = []

    def write():
        writer = threading.Thread(target=world.ledger.ping)
        writer.start()
        writer.join(timeout=30)
        took.append(not writer.is_alive())

    slow = replace(world.keeper, received=SlowSpool(tmp_path / "received", write))

    assert slow.clean(threading.Event()) == 2
    assert took == [True]


def test_the_same_bytes_that_come_again_are_kept_as_long_again(world):
    world.whole_way()
    world.pass_by(days=20)
    before = world.row
    assert world.receive() is Reception.KNOWN
    world.pass_by(days=20)

    assert world.clean() == 1

    assert world.received.exists("1.2.3")
    assert world.row == before
    world.pass_by(days=11)
    assert world.clean() == 1


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


def test_a_file_without_a_row_is_set_aside_when_it_is_old_and_those_with_one_stay(world):
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
    ((aside, reason),) = world.received.quarantine.files()
    assert aside.read_bytes() == b"kept, but its row was never committed"
    assert "the ledger was set back" in reason


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

    def results_removed(self, since, committing):
        return self.world.ledger.results_removed(since, committing)


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
    assert files_are_there(world.ledger, world.received).ok

    world.received.path("1.2.4").unlink()

    found = files_are_there(world.ledger, world.received)
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


class WatchedSpool(Spool):
    """A spool before each of whose removals something happens."""

    def __init__(self, root, before):
        super().__init__(root)
        self.before = before

    def remove(self, sop_instance_uid, version=""):
        self.before()
        super().remove(sop_instance_uid, version)


def test_a_result_that_is_about_to_go_is_not_owed_again(world, tmp_path):
    world.whole_way()
    world.pass_by(days=31)
    told = []

    def resend():
        with pytest.raises(UnknownError, match="still kept"):
            world.ledger.resend("1.2", "pacs")
        told.append(world.ledger.owed("pacs"))

    watched = replace(world.keeper, results=WatchedSpool(tmp_path / "results", resend))

    assert watched.clean(threading.Event()) == 2
    assert told == [[]]


def die():
    raise KeyboardInterrupt


def test_a_result_whose_remover_died_goes_with_the_next_look_through_the_spool(world, tmp_path):
    world.whole_way()
    world.pass_by(days=31)
    dying = replace(world.keeper, results=WatchedSpool(tmp_path / "results", die))
    with pytest.raises(KeyboardInterrupt):
        dying.clean(threading.Event())
    assert world.results.exists("1.2.99")

    world.keeper.reconcile(threading.Event())

    assert not world.results.exists("1.2.99")
    assert world.ledger.spool_usage()["results"] == (0, 0)


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


def test_who_looks_through_a_large_spool_is_seen_to_go_round(world):
    world.receive()
    yesterday = time.time() - 25 * 3600
    os.utime(world.received.path("1.2.3"), (yesterday, yesterday))
    world.clock.time = now()
    looking = Progress(threading.Event())
    before = looking.busy_s()
    time.sleep(0.05)

    assert world.keeper.reconcile(looking) == 0

    assert looking.busy_s() < before + 0.05


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


def with_little_room(world, room=1 << 60):
    return replace(world.keeper, kept=replace(USUAL, room=room))


def test_what_is_delivered_goes_early_where_the_disk_is_low(world):
    world.whole_way()
    world.pass_by(hours=2)

    assert with_little_room(world).make_room(threading.Event()) == 2

    assert not world.received.exists("1.2.3")
    assert world.row.removed_at == world.clock()
    assert with_little_room(world).make_room(threading.Event()) == 0


def test_what_goes_is_counted_by_why_it_goes(world):
    counted = Counter()
    keeper = replace(with_little_room(world), count=lambda why, n: counted.update({why: n}))
    world.whole_way()
    world.pass_by(hours=2)
    keeper.make_room(threading.Event())
    world.receive()
    world.pass_by(days=31)

    keeper.clean(threading.Event())

    assert counted == {"room": 2, "age": 1}


def test_nothing_goes_early_while_there_is_room_or_room_does_not_matter(world):
    world.whole_way()
    world.pass_by(hours=2)

    assert with_little_room(world, room=1).make_room(threading.Event()) == 0
    assert world.keeper.make_room(threading.Event()) == 0


@pytest.mark.parametrize(
    "so_far", [received, judged_with_an_open_job, running, dead, owed, parked, with_a_late_image]
)
def test_what_is_not_done_with_stays_however_low_the_disk(world, so_far):
    so_far(world)
    world.pass_by(hours=2)

    assert with_little_room(world).make_room(threading.Event()) == 0

    assert world.received.exists("1.2.3")


def test_what_came_in_the_last_hour_stays_however_low_the_disk(world):
    world.whole_way()
    world.pass_by(minutes=59)

    assert with_little_room(world).make_room(threading.Event()) == 0


def test_what_we_committed_ourselves_to_stays_for_its_time(world):
    world.whole_way()
    moment = world.clock()
    asked = ("1.2.9", "MODALITY", False, ("1.2.840",), ("1.2.3",), moment, moment)
    world.ledger.open_commitment(Commitment(*asked, state=CommitmentState.DONE))
    world.pass_by(hours=2)

    assert with_little_room(world).make_room(threading.Event()) == 0
    world.pass_by(days=31)
    assert world.clean() == 2


class FixedRoom(Spool):
    """A spool on a disk that is low: 1000 bytes are free."""

    def __init__(self, spool):
        super().__init__(spool.path("1.2").parents[2])

    def free_bytes(self):
        return 1000


def test_the_oldest_go_first_and_no_more_than_are_in_the_way(world):
    for study in ("1.3", "1.4"):
        world.receive(plain_image(f"{study}.1", study), content=b"p" * 4096, digest=f"{study:0>32}")
        world.ledger.decide([world.decision(f"{study}.1")], [])
        world.pass_by(hours=1)
    world.pass_by(hours=1)

    with_room = FixedRoom(world.received)
    keeper = replace(world.keeper, received=with_room, kept=replace(USUAL, room=5000))
    assert keeper.make_room(threading.Event()) == 1

    assert not world.received.exists("1.3.1")
    assert world.received.exists("1.4.1")


def test_the_oldest_that_came_again_lately_are_in_nobodys_way(world):
    again = [f"1.3.{number}" for number in range(BATCH + 1)]
    for study in [*again, "1.4"]:
        world.receive(plain_image(f"{study}.1", study), digest=f"{study:0>32}")
        world.ledger.decide([world.decision(f"{study}.1")], [])
        world.pass_by(minutes=1)
    world.pass_by(hours=2)
    for study in again:
        world.receive(plain_image(f"{study}.1", study), digest=f"{study:0>32}")

    assert with_little_room(world).make_room(threading.Event()) == 1

    assert not world.received.exists("1.4.1")


@pytest.mark.parametrize(
    ("state", "left"), [(CommitmentState.PARKED, 1), (CommitmentState.OPEN, 2)]
)
def test_the_request_of_a_stranger_who_cannot_be_reached_is_forgotten_one_day(world, state, left):
    moment = world.clock()
    for ours in (True, False):
        asked = Commitment("1.2.9", f"{ours}", ours, ("1.2",), ("1.2.3",), moment, moment, state)
        world.ledger.open_commitment(asked)
    world.pass_by(days=31)

    world.ledger.forget_commitments(world.clock() - DAYS_30)

    assert len(world.ledger.commitments()) == left


def judged_again_every_day(world, days):
    """Write down that the study was judged on each of so many days."""
    for _ in range(days):
        told = Completion("1.2", world.clock(), "it was asked for", (), 1, 0, 0, 0)
        world.ledger.decide([world.decision(taken=True)], [], (), Judged(told))
        world.pass_by(days=1)


def test_why_a_study_was_judged_is_kept_for_the_last_time_when_its_images_are_gone(world):
    world.whole_way()
    judged_again_every_day(world, 4)
    before = world.ledger.completions("1.2")

    world.clean()
    assert world.ledger.completions("1.2") == before
    world.pass_by(days=31)
    world.clean()

    assert world.ledger.completions("1.2") == before[-1:]


def test_why_a_study_was_judged_is_kept_while_it_has_images(world):
    world.whole_way()
    judged_again_every_day(world, 3)
    world.pass_by(days=31)
    owed_again(world)

    world.clean()

    assert len(world.ledger.completions("1.2")) == 3


def owed_again(world):
    """Let something be owed of the study, so that it stays."""
    world.ledger.resend("1.2", "pacs")
