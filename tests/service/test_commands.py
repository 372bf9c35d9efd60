"""Each command is found by its name alone, and loads little that it does not want."""

import subprocess
import sys

import pytest
from typer.main import get_command

from service.cli.app import app
from service.cli.commands import ALONE, GROUPS, make_app

NAMES = [*(name for names in ALONE.values() for name in names), *GROUPS]
HEAVY = {
    "scipy.ndimage",
    "onnxruntime",
    "openvino",
    "torch",
    "uvicorn",
    "service.wiring",
    "service.parts",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_command_that_is_made_alone_is_the_one_of_the_list(name):
    alone, listed = (get_command(one).commands[name] for one in (make_app(name), app))

    assert alone.help == listed.help
    assert [one.name for one in alone.params] == [one.name for one in listed.params]
    assert vars(alone).get("commands", {}).keys() == vars(listed).get("commands", {}).keys()


def test_the_list_has_all_commands_that_are_named_and_no_others():
    assert sorted(get_command(app).commands) == sorted(NAMES)


@pytest.mark.parametrize("name", ["", "studys", "--help"])
def test_what_is_no_command_is_told_by_a_list_of_all(name):
    assert sorted(get_command(make_app(name)).commands) == sorted(NAMES)


@pytest.mark.parametrize("name", ["studies", "jobs", "deliveries", "users", "audit"])
def test_who_asks_the_ledger_does_not_wait_for_networks_to_load(name):
    code = f"import sys; from service.cli.commands import make_app; make_app({name!r}); "

    told = subprocess.run(
        [sys.executable, "-c", f"{code}print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert HEAVY & set(told.stdout.split()) == set()
