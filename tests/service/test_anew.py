"""A ledger that was lost is not begun anew while files lie in the spool that it knew."""

import subprocess
import sys
from contextlib import closing

import pytest
from phantoms import mammogram

from service.errors import BadConfigurationError
from service.ledger.spool import Spool
from service.opening import open_ledger


@pytest.fixture
def config(tmp_path):
    """Settings of a node whose ledger is in SQLite."""
    file = tmp_path / "senoscope.toml"
    file.write_text('data_dir = "data"\n')
    return file


def lose(config):
    """Leave an empty file where the ledger was."""
    data = config.parent / "data"
    for file in data.glob("ledger.sqlite*"):
        file.unlink()
    (data / "ledger.sqlite").touch()


def on(config, ledger_url):
    config.write_text(f'data_dir = "data"\n[ledger]\nurl = "{ledger_url}"\n')
    return config


@pytest.mark.parametrize("name", ["received", "results"])
def test_a_new_ledger_beside_files_is_refused_each_time(config, name):
    open_ledger(config).close()
    Spool(config.parent / "data" / name).keep_dataset(mammogram(seed=1))
    lose(config)

    for _ in range(2):
        with pytest.raises(BadConfigurationError, match=rf"is new, but .*{name} holds files: rest"):
            open_ledger(config)


def test_where_the_folder_was_moved_away_a_ledger_begins_anew(config):
    received = config.parent / "data" / "received"
    Spool(received).keep_dataset(mammogram(seed=1))
    with pytest.raises(BadConfigurationError):
        open_ledger(config)

    received.rename(config.parent / "data" / "received-before")

    with closing(open_ledger(config)) as ledger:
        assert ledger.studies() == []


def test_a_ledger_that_is_there_is_opened_beside_files_and_a_new_one_is_not(config, ledger_url):
    open_ledger(on(config, ledger_url)).close()
    Spool(config.parent / "data" / "received").keep_dataset(mammogram(seed=1))

    open_ledger(config).close()

    with pytest.raises(BadConfigurationError, match="is new, but"):
        open_ledger(on(config, f"sqlite:///{config.parent / 'another.sqlite'}"))


@pytest.mark.parametrize("command", ["serve", "check"])
def test_who_runs_it_is_told_and_nothing_starts(config, command):
    open_ledger(config).close()
    Spool(config.parent / "data" / "received").keep_dataset(mammogram(seed=1))
    lose(config)
    (config.parent / "routes.toml").write_text("")

    told = subprocess.run(
        [sys.executable, "-m", "service", command, "--config", config],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert told.returncode == 1
    said = " ".join((told.stdout + told.stderr).split())
    assert "is new, but" in said
    assert "Traceback" not in said
