"""The units of systemd: valid, shut off from the host, and what they start exists."""

import subprocess
from pathlib import Path

import pytest
from peers.programs import program
from typer.main import get_command

from service.cli.app import app
from service.node import Role

UNITS = Path(__file__).parents[2] / "deploy/systemd"
NAMES = {
    "senoscope.service": ["senoscope.service"],
    "senoscope-role@.service": [f"senoscope-role@{role}.service" for role in Role],
    "senoscope-worker@.service": ["senoscope-worker@cpu.service"],
    "senoscope.slice": ["senoscope.slice"],
}
WORST = "25"
"""Of 100: systemd's own measure of what a service may do to its host; 20 is what the worst has."""
TEMPLATES = [name for name in NAMES if name.endswith(".service")]


@pytest.fixture
def units(tmp_path):
    """A folder of the units, in which what they start is a program of this machine."""
    for unit in UNITS.glob("senoscope*.s[el]*"):
        text = unit.read_text().replace("/opt/senoscope/bin/senoscope", "/bin/true")
        kept = [line for line in text.splitlines() if not line.startswith("Documentation=")]
        (tmp_path / unit.name).write_text("\n".join(kept) + "\n")
    return tmp_path


def analyzed(*arguments):
    command = [program("systemd-analyze", "systemd"), "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_is_no_other_unit():
    assert {one.name for one in UNITS.glob("*.s[el]*")} == set(NAMES)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_systemd_finds_nothing_wrong(units, names):
    told = analyzed("verify", *(units / name for name in names))

    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_service_is_shut_off_from_its_host(units, name):
    told = analyzed("security", "--offline=true", f"--threshold={WORST}", units / name)

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_service_starts_exists_and_says_that_it_is_up_and_has_limits(name):
    lines = dict(
        line.split("=", 1) for line in (UNITS / name).read_text().splitlines() if "=" in line
    )
    instance = "cpu" if "worker" in name else "router"
    _, command, *rest = lines["ExecStart"].replace("%i", instance).split()

    get_command(app).commands[command].make_context(command, rest)

    assert (lines["Type"], lines["User"]) == ("notify", "senoscope")
    assert {"WatchdogSec", "MemoryMax", "MemoryHigh", "TasksMax", "TimeoutStopSec"} <= set(lines)
    assert lines["Slice"] == "senoscope.slice"


def test_the_installer_is_a_sound_script():
    told = subprocess.run(
        ["sh", "-n", UNITS / "install.sh"], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stderr) == (0, "")
