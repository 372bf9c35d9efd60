"""Hearing of what comes into a folder, also into one that was removed and made anew."""

import select
import shutil

import pytest

from service.queue.arrivals import Arrivals


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "broker"
    made.mkdir()
    return made


@pytest.fixture
def arrivals(folder):
    opened = Arrivals(folder)
    yield opened
    opened.close()


def hears(arrivals):
    return bool(select.select([arrivals.fileno()], [], [], 0.5)[0])


def move_in(folder):
    (folder.parent / "message").touch()
    (folder.parent / "message").rename(folder / "message")


def test_a_file_that_is_moved_in_is_heard_of_until_it_is_drained(arrivals, folder):
    move_in(folder)

    assert hears(arrivals)
    arrivals.drain()
    assert not hears(arrivals)


def test_a_folder_that_was_made_anew_is_heard_of_again(arrivals, folder):
    shutil.rmtree(folder)
    folder.mkdir()
    arrivals.drain()

    arrivals.watch()
    move_in(folder)

    assert hears(arrivals)
