"""Nothing that was answered Success is lost when the power goes, whatever the moment."""

import random
import threading
import time

import pytest
from loopback import Raw, ct, door
from power_cut import Disk

SENDERS, EACH = 4, 40
CONTENTS = {
    uid: ct(uid, pixels=20_000 + 2 * number)
    for number in range(SENDERS * EACH)
    for uid in [f"1.2.3.9.{number}"]
}


def sent(port, uids, answered):
    """Send those images on one association until it breaks; add to `answered` what is answered."""
    with Raw(port).associate() as sender:
        for uid in uids:
            try:
                sender.store(CONTENTS[uid], uid)
            except OSError:
                return
            if sender.receive() != 0:
                return
            answered.append(uid)


def sent_until_the_cut(disk, least, moment):
    """Return what was answered Success before the power went, `moment` after the first `least`."""
    answered, uids = [], [*CONTENTS]
    with disk.run() as (process, port):
        senders = [
            threading.Thread(target=sent, args=(port, uids[number::SENDERS], answered))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        while len(answered) < least and any(sender.is_alive() for sender in senders):
            time.sleep(0.001)
        time.sleep(moment)
        process.kill()
        for sender in senders:
            sender.join()
    return answered


def whole(node, uids):
    """Return which of `uids` the node has: row and file, as they were sent."""
    return [uid for uid in uids if is_whole(node, uid)]


def is_whole(node, uid):
    rows = node.ledger.versions(uid)
    if not rows or not node.spool.exists(uid):
        return False
    with node.spool.local(uid) as path:
        return path.stat().st_size == rows[0].size and path.read_bytes().endswith(CONTENTS[uid])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_answered_success_outlives_a_power_cut(tmp_path, seed):
    moment = random.Random(seed)  # noqa: S311 - the same moments every time
    disk = Disk(tmp_path)

    answered = sent_until_the_cut(disk, moment.randint(1, 60), moment.uniform(0, 0.2))

    assert answered
    with door(disk.after_the_cut(tmp_path / "left")) as node:
        assert whole(node, answered) == answered


def test_nothing_half_written_has_a_name_after_a_power_cut_and_all_can_be_sent_again(tmp_path):
    disk = Disk(tmp_path)
    sent_until_the_cut(disk, 20, 0.01)
    left = disk.after_the_cut(tmp_path / "left")

    named = list(left.glob("received/?/?/*.dcm"))
    assert named
    assert all(path.read_bytes().endswith(CONTENTS[path.stem]) for path in named)

    with door(left) as node:
        answered = []
        sent(node.port, [*CONTENTS], answered)
        assert answered == [*CONTENTS]
        assert whole(node, CONTENTS) == answered


@pytest.mark.parametrize("deaf", ["part", "folders", "ledger"])
def test_a_disk_that_does_not_sync_loses_what_was_answered_success(tmp_path, deaf):
    """The negative control: were one of the three syncs left out, the tests above would fail."""
    disk = Disk(tmp_path, deaf)

    answered = sent_until_the_cut(disk, 20, 0)

    with door(disk.after_the_cut(tmp_path / "left")) as node:
        assert len(whole(node, answered)) < len(answered)
