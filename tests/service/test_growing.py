"""A file that grows in steps has every byte, whatever the pieces were and whatever the disk can."""

import errno
import os
import resource
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.intake.growing import STEP, GrowingFile

LENGTHS = st.sampled_from([0, 1, 330, 4096, STEP - 1, STEP, STEP + 1, 3 * STEP - 7])


@settings(max_examples=25, deadline=None)
@given(st.lists(LENGTHS, max_size=5))
def test_what_was_added_is_there_once_it_is_finished(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("grown") / "file"
    pieces = [bytes([number + 1]) * length for number, length in enumerate(lengths)]
    file = GrowingFile(path)

    for piece in pieces:
        file.add([piece])
    file.finish()
    file.close()

    assert path.read_bytes() == b"".join(pieces)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20_000)), max_size=20))
def test_a_reader_gives_what_a_file_gives(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("grown") / "file"
    file = GrowingFile(path)
    file.add([bytes(range(256)) * 200])
    file.finish()
    reader = file.reader(132)

    with path.open("rb") as plain:
        plain.seek(132)
        for reads, length in steps:
            if reads:
                assert reader.read(length) == plain.read(length)
            else:
                assert reader.seek(length) == plain.seek(length, os.SEEK_CUR)
    file.close()


def test_a_file_that_was_synced_is_closed_and_may_be_synced_again(tmp_path):
    before = open_descriptors()
    file = GrowingFile(tmp_path / "file")
    file.add([b"x"])
    file.finish()

    file.sync()
    file.sync()
    file.close()

    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_system_in_memory_is_written_to_as_well():
    with TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "file"
        file = GrowingFile(path)

        file.add([b"x" * (2 * STEP + 5)])
        file.finish()
        file.close()

        assert path.read_bytes() == b"x" * (2 * STEP + 5)


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    (tmp_path / "file").write_bytes(b"first")

    with pytest.raises(FileExistsError):
        GrowingFile(tmp_path / "file")


def test_a_disk_that_takes_no_more_says_so(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = GrowingFile(tmp_path / "file")
    resource.setrlimit(resource.RLIMIT_FSIZE, (STEP + 100, hard))
    try:
        with pytest.raises(OSError) as told:  # noqa: PT011 - its number is looked at
            file.add([b"x" * 3 * STEP])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        file.close()

    assert told.value.errno == errno.EFBIG
