"""Nothing is written to a ledger's file that was taken away: it would be gone with the node."""

import multiprocessing
import subprocess
import sys
from contextlib import closing

import pytest
from clock import now
from faults.supervised import paths
from working import plain_image, row_of

from service.errors import UnavailableError
from service.ledger.patience import QUICK
from service.ledger.sql import open_ledger
from service.ledger.sqlite_copy import copy_sqlite

OPENING = """
import sys
from clock import now
from service.ledger.sql import open_ledger

open_ledger(sys.argv[1], now)
"""
AWAY = "removed or replaced"
FIRST, SECOND, THIRD = (row_of(plain_image(f"1.2.{number}")) for number in range(3, 6))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(file):
    with closing(opened(file)) as ledger:
        ledger.record(FIRST)
        yield ledger


def opened(file):
    return open_ledger(f"sqlite:///{file}", now)


def known(ledger):
    return [one.instances for one in ledger.studies()]


def log_of(file, ending="wal"):
    return file.with_name(f"{file.name}-{ending}")


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
    assert known(ledger) == [2]


def test_what_is_written_while_it_is_moved_away_is_not_acknowledged(ledger, file):
    with pytest.raises(UnavailableError, match=AWAY), ledger.database.writing():
        away = file.rename(file.with_name("elsewhere"))

    away.rename(file)
    ledger.record(SECOND)
    assert known(ledger) == [2]


def test_who_opens_it_while_it_is_away_destroys_nothing(ledger, file):
    ledger.record(SECOND)
    away = file.rename(file.with_name("elsewhere"))
    before = log_of(file).stat().st_size

    told = subprocess.run(
        [sys.executable, "-c", OPENING, f"sqlite:///{file}"],
        env=paths(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert "-wal is there, but not ledger.sqlite" in told.stderr
    assert log_of(file).stat().st_size == before > 0
    assert not file.exists()
    away.rename(file)
    ledger.record(THIRD)
    with closing(opened(file)) as another:
        assert known(another) == [3]


def test_another_file_in_its_place_is_used_by_who_starts_anew_without_the_old_log(ledger, file):
    copy = file.with_name("copy")
    copy_sqlite(file, copy)
    ledger.record(SECOND)

    copy.rename(file)
    with pytest.raises(UnavailableError, match=AWAY):
        ledger.record(THIRD)

    ledger.close()
    for ending in ("wal", "shm"):  # as the runbook says
        log_of(file, ending).unlink(missing_ok=True)
    assert known(ledger) == [1]


def test_who_never_asked_before_makes_no_file_in_its_place(ledger, file):
    quick = ledger.within(QUICK)
    file.unlink()

    with pytest.raises(UnavailableError, match=AWAY):
        quick.studies()
    assert not file.exists()


def test_whose_way_to_it_is_closed_leaves_it_known_to_the_others(ledger, file):
    quick = ledger.within(QUICK)
    quick.studies()
    quick.close()
    file.unlink()

    with pytest.raises(UnavailableError, match=AWAY):
        ledger.record(SECOND)


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
