"""Nothing that was answered Success is lost when the power goes, whatever the moment."""

import random
import threading
import time

import pytest
from loopback import door
from phantoms import saved, study
from power_cut import Disk
from pydicom import dcmread

from service.delivery.files import send_files
from service.delivery.peer import Address

SENDERS = 4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    images = [image for seed in range(30) for image in study(rows=64, columns=48, seed=seed)]
    return [saved(image, folder) for image in images]


def sent_until_the_cut(disk, files, least, moment):
    """Return what was answered Success before the power went, `moment` after the first `least`."""
    answered = []
    with disk.run() as (process, port):

        def send(some):
            for sent in send_files(some, Address("SENOSCOPE", "127.0.0.1", port), "MAMMO1"):
                if sent.ok:
                    answered.append(sent.path)

        senders = [
            threading.Thread(target=send, args=(files[number::SENDERS],))
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


def whole(folder, answered):
    """Return which of `answered` a node that starts on `folder` has: row and file, as sent."""
    with door(folder) as node:
        return [path for path in answered if is_whole(node, dcmread(path))]


def is_whole(node, image):
    rows = [
        row
        for row in node.ledger.versions(image.SOPInstanceUID)
        if node.spool.exists(row.sop_instance_uid)
    ]
    if not rows:
        return False
    with node.spool.local(image.SOPInstanceUID) as path:
        return path.stat().st_size == rows[0].size and dcmread(path) == image


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_answered_success_outlives_a_power_cut(tmp_path, files, seed):
    moment = random.Random(seed)  # noqa: S311 - the same moments every time
    disk = Disk(tmp_path)

    answered = sent_until_the_cut(disk, files, moment.randint(1, 60), moment.uniform(0, 0.2))
    left = disk.after_the_cut(tmp_path / "left")

    assert answered
    assert sorted(whole(left, answered)) == sorted(answered)


def test_nothing_half_written_has_a_name_after_a_power_cut_and_all_can_be_sent_again(
    tmp_path, files
):
    disk = Disk(tmp_path)
    sent_until_the_cut(disk, files, 20, 0.01)
    left = disk.after_the_cut(tmp_path / "left")
    originals = {dcmread(path).SOPInstanceUID: path for path in files}

    named = list(left.glob("received/?/?/*.dcm"))
    assert named
    assert all(dcmread(path) == dcmread(originals[path.stem]) for path in named)

    with door(left) as node:
        again = send_files(files, Address("SENOSCOPE", "127.0.0.1", node.port), "MAMMO1")
        assert all(sent.ok for sent in again)
        assert all(is_whole(node, dcmread(path)) for path in files)


@pytest.mark.parametrize("deaf", ["part", "folders", "ledger"])
def test_a_disk_that_does_not_sync_loses_what_was_answered_success(tmp_path, files, deaf):
    """The negative control: were one of the three syncs left out, the tests above would fail."""
    disk = Disk(tmp_path, deaf)

    answered = sent_until_the_cut(disk, files, 20, 0)
    left = disk.after_the_cut(tmp_path / "left")

    assert len(whole(left, answered)) < len(answered)
