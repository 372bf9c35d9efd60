"""The data folder is its owner's alone where the node makes it, and stays as it is elsewhere."""

import stat
from contextlib import ExitStack

import pytest

from service.ledger.database import Database
from service.ledger.spool import Spool
from service.lock import sole_owner
from service.queue.folder import _make
from service.site_key import read_or_make_key
from service.stacks import telling


def by_the_ledger(data):
    with Database(f"sqlite:///{data / 'ledger.sqlite'}").first_use():
        pass


def by_a_spool(data):
    Spool(data / "received")


def by_the_broker(data):
    _make(data / "broker")


def by_the_site_key(data):
    read_or_make_key(data / "site.key")


def by_the_lock(data):
    with ExitStack() as held:
        held.enter_context(sole_owner(data, ["listener"]))


def by_the_stacks(data):
    with telling(data):
        pass


FIRST = [by_the_ledger, by_a_spool, by_the_broker, by_the_site_key, by_the_lock, by_the_stacks]


@pytest.mark.parametrize("use", FIRST)
def test_a_data_folder_that_is_made_is_its_owners_alone(tmp_path, use):
    use(tmp_path / "data")

    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("use", FIRST)
def test_a_data_folder_that_was_there_keeps_its_mode(tmp_path, use):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o750)

    use(data)

    assert stat.S_IMODE(data.stat().st_mode) == 0o750
