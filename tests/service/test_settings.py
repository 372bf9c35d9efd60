import re
import sys
from pathlib import Path

import pytest

from service.errors import BadConfigurationError
from service.settings import known_keys, load_settings

DOCS = Path(__file__).parents[2] / "docs"


def written(tmp_path, text):
    path = tmp_path / "senoscope.toml"
    path.write_text(text)
    return path


def test_every_key_has_a_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    settings = load_settings()

    assert settings.dicom.ae_title == "SENOSCOPE"
    assert settings.data == tmp_path / "data"
    assert (settings.shelves[-1] / "fsrcnn-x2").is_dir()


def test_relative_paths_are_relative_to_the_file_wherever_one_stands(tmp_path, monkeypatch):
    path = written(tmp_path, 'data_dir = "here"\nroutes = "r.toml"\n')
    monkeypatch.chdir("/")

    settings = load_settings(path)

    assert settings.data == tmp_path / "here"
    assert settings.routes_file == tmp_path / "r.toml"


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    path = written(tmp_path, "[dicom]\nport = 104\n")
    monkeypatch.setenv("SENOSCOPE_DICOM__PORT", "4242")

    assert load_settings(path).dicom.port == 4242


def test_an_unknown_key_is_an_error_that_names_file_and_nearest_key(tmp_path):
    path = written(tmp_path, "[dicom]\nprot = 104\n")

    with pytest.raises(
        BadConfigurationError, match=r"senoscope\.toml.*'dicom\.prot'.*'dicom\.port'"
    ):
        load_settings(path)


def test_an_unknown_variable_is_an_error_that_names_the_nearest(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENOSCOPE_DICOM__PROT", "104")

    with pytest.raises(BadConfigurationError, match="SENOSCOPE_DICOM__PORT"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[dicom]\nport = 99999\n", "dicom.port"),
        ('[dicom]\nae_title = "LONGER_THAN_SIXTEEN"\n', "dicom.ae_title"),
        ("[dicom\n", "TOML"),
        ('worker.devices = "cpu"\n', "worker.devices: a list: write it in brackets, [...]"),
        ('dicom = "x"\n', "dicom: a section: write [dicom] and its keys below"),
        ("[dicmo]\nport = 104\n", "unknown section [dicmo]; did you mean 'dicom'?"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_key(tmp_path, text, named):
    with pytest.raises(BadConfigurationError, match=re.escape(named)):
        load_settings(written(tmp_path, text))


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(BadConfigurationError, match="no such file"):
        load_settings(tmp_path / "absent.toml")


def test_a_folder_in_place_of_the_file_is_called_one(tmp_path):
    with pytest.raises(BadConfigurationError, match="a folder; name the file in it"):
        load_settings(tmp_path)


def test_a_file_that_cannot_be_read_is_named():
    with pytest.raises(BadConfigurationError, match="/proc/self/mem: Input/output error"):
        load_settings(Path("/proc/self/mem"))


def test_every_key_is_in_the_documentation():
    documented = (DOCS / "settings.md").read_text()

    assert [key for key in known_keys() if f"`{key}`" not in documented] == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://me:hidden@host/name", r"ledger\.url: not mysql://: write postgresql\+psycopg://"),
        ("postgresql://me:hidden@host/name", r"not postgresql://: write postgresql\+psycopg://"),
        ("nonsense hidden", r"ledger\.url: no URL of a database: write postgresql\+psycopg://"),
        ("postgresql+psycopg://me:hidden@host:port/name", "no URL of a database"),
    ],
)
def test_a_ledger_that_is_no_database_we_know_is_told_with_what_to_write(tmp_path, url, told):
    settings = load_settings(written(tmp_path, f'[ledger]\nurl = "{url}"\n'))

    with pytest.raises(BadConfigurationError, match=told) as raised:
        _ = settings.ledger_url

    assert "hidden" not in str(raised.value)


def test_postgresql_without_its_driver_is_told_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    settings = load_settings(written(tmp_path, '[ledger]\nurl = "postgresql+psycopg://me@h/n"\n'))

    with pytest.raises(BadConfigurationError, match=r"pip install 'senoscope\[postgresql\]'"):
        _ = settings.ledger_url
