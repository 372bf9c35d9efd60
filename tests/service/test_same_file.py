"""Nothing is written to a ledger's file that was taken away: it would be gone with the node."""

import multiprocessing
import shutil
from contextlib import closing

import pytest
from clock import now
from working import plain_image, row_of

from service.errors import UnavailableError
from service.ledger.patience import QUICK
from service.ledger.sql import open_ledger

AWAY = "removed or replaced"
FIRST, SECOND = (row_of(plain_image(uid)) for uid in ("1.2.3", "1.2.4"))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(file):
    with closing(open_ledger(f"sqlite:///{file}", now)) as opened:
        opened.record(FIRST)
        yield opened


def test_a_file_that_is_moved_away_takes_nothing_until_it_is_back(ledger, file):
    away = file.rename(file.with_name("elsewhere"))

    for _ in range(2):
        with pytest.raises(UnavailableError, match=AWAY):
            ledger.record(SECOND)
        with pytest.raises(UnavailableError, match=AWAY):
            ledger.studies()
    assert not file.exists()

    away.rename(file)
    ledger.record(SECOND)
    assert [one.instances for one in ledger.studies()] == [2]


def test_another_file_in_its_place_is_used_by_who_opens_it_anew(ledger, file):
    shutil.copy(file, file.with_name("copy"))
    file.with_name("copy").rename(file)

    with pytest.raises(UnavailableError, match=AWAY):
        ledger.record(SECOND)

    ledger.close()
    assert [one.instances for one in ledger.studies()] == [1]


def test_who_never_asked_before_makes_no_file_in_its_place(ledger, file):
    quick = ledger.within(QUICK)
    file.unlink()

    with pytest.raises(UnavailableError, match=AWAY):
        quick.studies()
    assert not file.exists()


def asked(ledger, said):
    try:
        said.put(len(ledger.studies()))
    except UnavailableError as error:
        said.put(str(error))


def test_a_forked_child_knows_the_file_of_its_parent(ledger, file):
    forking = multiprocessing.get_context("fork")
    said = forking.Queue()
    file.unlink()

    child = forking.Process(target=asked, args=(ledger, said))
    child.start()

    assert AWAY in said.get(timeout=30)
    child.join()
    assert not file.exists()
