import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from working import open_test_ledger, plain_image, row_of

from service.errors import BadObjectError, UnavailableError
from service.ledger.receive import Reception, receive
from service.ledger.spool import Spool
from service.ledger.uids import LONGEST_UID, is_uid

UID = "1.2.840.99999.1"


def arrived(spool, content=b"the bytes"):
    path = spool.temporary()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "",
        "1",
        "1..2",
        "1.2/3",
        "1.2\n",
        "1.2\0",
        "1." + "2" * 63,
        "\u0661.\u0662",
    ],
)
def test_a_name_from_the_network_is_never_a_path(tmp_path, name):
    with pytest.raises(BadObjectError, match=r"PS3\.5 9\.1"):
        Spool(tmp_path).path(name)


@given(st.text(st.characters(codec="utf-8")))
def test_whatever_passes_as_a_uid_has_only_digits_and_dots(text):
    if is_uid(text):
        assert {*text} <= {*"0123456789."}
        assert len(text) <= LONGEST_UID


def test_a_file_that_is_kept_is_there_with_all_its_bytes_and_nothing_is_left_behind(tmp_path):
    spool = Spool(tmp_path)
    temporary = arrived(spool)

    path = spool.keep(UID, temporary)

    assert path == spool.path(UID)
    assert path.read_bytes() == b"the bytes"
    assert not [*(tmp_path / "incoming").iterdir()]


def test_the_same_bytes_again_change_nothing(tmp_path):
    spool = Spool(tmp_path)
    first = spool.keep(UID, arrived(spool)).stat()

    second = spool.keep(UID, arrived(spool)).stat()

    assert (second.st_ino, second.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)


def test_other_bytes_never_overwrite_what_is_kept(tmp_path):
    spool = Spool(tmp_path)
    spool.keep(UID, arrived(spool))

    with pytest.raises(BadObjectError, match="other bytes"):
        spool.keep(UID, arrived(spool, b"other bytes"))

    assert spool.path(UID).read_bytes() == b"the bytes"


def test_a_data_set_is_written_as_the_same_bytes_each_time(tmp_path):
    here, there = Spool(tmp_path / "here"), Spool(tmp_path / "there")

    one, other = here.keep_dataset(plain_image(UID)), there.keep_dataset(plain_image(UID))

    assert one.read_bytes() == other.read_bytes()
    assert dcmread(one).SOPInstanceUID == UID


def test_a_result_that_is_kept_already_is_not_written_again(tmp_path):
    spool = Spool(tmp_path)
    first = spool.keep_dataset(plain_image(UID)).stat().st_ino

    assert spool.keep_dataset(plain_image(UID)).stat().st_ino == first


def test_what_is_no_data_set_is_a_bad_object_and_what_is_missing_is_unavailable(tmp_path):
    spool = Spool(tmp_path)
    spool.keep(UID, arrived(spool, b"no DICOM" * 100))

    with pytest.raises(BadObjectError):
        spool.header(UID)
    with pytest.raises(UnavailableError):
        spool.read("1.2.3")


def test_a_file_that_ends_within_a_sequence_is_a_bad_object_not_a_bad_disk(tmp_path):
    spool = Spool(tmp_path)
    spool.keep_dataset(plain_image("1.2.3"))
    endless = bytes.fromhex("fcfffcff") + b"SQ\0\0" + b"\xff" * 4
    with spool.path("1.2.3").open("ab") as file:
        file.write(endless + b"\xfe\xff\0\xe0" + b"\xff" * 4 + endless)

    with pytest.raises(BadObjectError, match="ends within a sequence"):
        spool.read("1.2.3")


def test_only_old_leftovers_are_swept(tmp_path):
    spool = Spool(tmp_path)
    old, new = arrived(spool), arrived(spool)
    os.utime(old, (1, 1))

    assert spool.sweep_incoming(older_than=time.time() - 60) == 1

    assert not old.exists()
    assert new.exists()


def test_what_is_refused_is_kept_with_its_reason_under_a_name_of_ours(tmp_path):
    spool = Spool(tmp_path)

    path = spool.quarantine.put(arrived(spool), "../../../evil", "its UID is none")

    assert path.parent == tmp_path / "quarantine"
    assert path.read_bytes() == b"the bytes"
    assert path.with_suffix(".txt").read_text() == "its UID is none\n"


def test_a_disk_without_room_is_told_apart_and_leaves_nothing_half_written(tmp_path):
    program = f"""
import resource, signal, sys
from pathlib import Path
from service.errors import SpoolFullError
from service.ledger.spool import Spool
from working import plain_image
spool, image = Spool(Path({str(tmp_path)!r})), plain_image({UID!r})
image.EncapsulatedDocument = bytes(1 << 20)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    spool.keep_dataset(image)
except SpoolFullError:
    sys.exit(28)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, env=with_paths())

    assert ended.returncode == errno.ENOSPC
    assert not [*tmp_path.glob("?/?/*.dcm")]
    assert not [*(tmp_path / "incoming").iterdir()]


def test_a_kill_at_any_moment_leaves_whole_files_or_none(tmp_path):
    program = f"""
from pathlib import Path
from service.ledger.spool import Spool
spool = Spool(Path({str(tmp_path)!r}))
print("ready", flush=True)
for number in range(1000000):
    path = spool.temporary()
    path.write_bytes(b"x" * 100000)
    spool.keep(f"1.2.{{number}}", path)
"""
    for delay in (0.01, 0.05, 0.12):
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=with_paths()) as writer:
            writer.stdout.readline()
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)

    kept = [*tmp_path.glob("?/?/*.dcm")]
    assert kept
    assert {path.stat().st_size for path in kept} == {100000}


def test_a_file_and_its_row_belong_together_however_many_send_the_same_uid(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    row = row_of(plain_image(UID))
    outcomes = []

    def send(sender):
        instance = replace(row, digest=str(sender))
        outcomes.append(receive(spool, ledger, instance, arrived(spool, b"%d" % sender)))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = ledger.instances(row.study_instance_uid)
    assert {spool.path(UID, one.version).read_text() for one in kept} == {*"01234567"}
    assert all(spool.path(UID, one.version).read_text() == one.digest for one in kept)
    assert Counter(outcomes) == {Reception.KEPT: 1, Reception.VERSION: 7}


def test_a_file_that_a_crash_left_without_a_row_does_not_stand_in_the_way(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    spool.keep(UID, arrived(spool, b"sent before the crash, in another transfer syntax"))

    reception = receive(spool, ledger, row_of(plain_image(UID)), arrived(spool))

    assert reception is Reception.KEPT

    assert spool.path(UID).read_bytes() == b"the bytes"


def test_the_same_object_sent_again_is_known_and_heals_a_file_that_is_gone(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    instance = row_of(plain_image(UID))
    receive(spool, ledger, instance, arrived(spool))
    spool.remove(UID)

    assert receive(spool, ledger, instance, arrived(spool)) is Reception.KNOWN

    assert spool.path(UID).read_bytes() == b"the bytes"
    assert not [*(tmp_path / "spool" / "incoming").iterdir()]


def test_the_first_under_a_uid_has_its_name_before_it_is_synced_and_counts_by_its_row(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    temporary, seen = arrived(spool), []

    def sync():
        seen.append((spool.path(UID).read_bytes(), ledger.versions(UID)))

    assert receive(spool, ledger, row_of(plain_image(UID)), temporary, sync) is Reception.KEPT

    assert seen == [(b"the bytes", [])]
    assert [one.version for one in ledger.versions(UID)] == [""]
    assert not temporary.exists()


def test_who_finds_the_name_of_the_first_taken_leaves_all_as_it_is(tmp_path):
    spool = Spool(tmp_path)
    spool.keep(UID, arrived(spool))
    temporary, synced = arrived(spool, b"other bytes"), []

    assert not spool.keep_first(UID, temporary, lambda: synced.append(temporary))

    assert spool.path(UID).read_bytes() == b"the bytes"
    assert temporary.read_bytes() == b"other bytes"
    assert not synced


def test_other_bytes_do_not_take_the_name_of_those_that_are_gone(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    instance = row_of(plain_image(UID))
    receive(spool, ledger, instance, arrived(spool))
    spool.remove(UID)

    other = replace(instance, digest="another")
    assert receive(spool, ledger, other, arrived(spool, b"other bytes")) is Reception.VERSION

    assert not spool.exists(UID)
    assert spool.path(UID, "another").read_bytes() == b"other bytes"
    assert receive(spool, ledger, instance, arrived(spool)) is Reception.KNOWN
    assert spool.path(UID).read_bytes() == b"the bytes"


def test_a_disk_that_fails_at_the_last_moment_leaves_neither_row_nor_file(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)

    def fail():
        raise OSError(errno.EIO, "the disk is gone")

    with pytest.raises(UnavailableError):
        receive(spool, ledger, row_of(plain_image(UID)), arrived(spool), fail)

    assert ledger.versions(UID) == []
    assert not spool.exists(UID)
    assert receive(spool, ledger, row_of(plain_image(UID)), arrived(spool)) is Reception.KEPT


def test_a_disk_on_which_nothing_can_be_locked_is_unavailable_not_a_fault(tmp_path):
    spool, ledger = Spool(tmp_path / "spool"), open_test_ledger(tmp_path)
    shutil.rmtree(tmp_path / "spool" / "locks")

    with pytest.raises(UnavailableError):
        receive(spool, ledger, row_of(plain_image(UID)), arrived(spool))


def test_all_folders_are_made_at_the_start_once(tmp_path):
    spool = Spool(tmp_path)

    spool.lay_out()
    spool.lay_out()

    assert len([*tmp_path.glob("[0-9a-f]/[0-9a-f]")]) == 256


@pytest.mark.parametrize(("most", "left"), [(10_000, 200), (1000, 100)])
def test_the_quarantine_is_bounded_by_files_and_bytes_and_the_newest_stay(tmp_path, most, left):
    spool = Spool(tmp_path, most_quarantined=most)
    for number in range(205):
        path = arrived(spool, b"0123456789")
        os.utime(path, (1000 + number, 1000 + number))
        spool.quarantine.put(path, f"1.2.{number}", f"reason {number}")

    kept = spool.quarantine.files()

    assert [reason for _, reason in kept] == [f"reason {n}" for n in range(204, 204 - left, -1)]
    assert spool.usage()["quarantine"][0] == 2 * left  # each has its reason beside it


def test_the_room_on_the_disk_is_told(tmp_path):
    assert Spool(tmp_path).free_bytes() > 0


def with_paths():
    tests = Path(__file__).parents[1]
    return {**os.environ, "PYTHONPATH": f"{tests.parent}:{tests}"}  # noqa: TID251 - for a child
