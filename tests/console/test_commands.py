"""Users, tokens and the audit trail by the command line."""

import json

import pytest
from typer.testing import CliRunner

from service.cli.app import app
from service.errors import RefusedError, WrongUsageError

PASSWORD = "a long enough secret"  # noqa: S105 - of nobody but tests


@pytest.fixture
def senoscope(tmp_path):
    """Return a way to run a command on a node that lies in a folder of its own."""
    config = tmp_path / "senoscope.toml"
    config.write_text('data_dir = "data"\n')

    def run(*arguments, told=""):
        found = CliRunner().invoke(app, [*arguments, "--config", str(config)], input=told)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found

    return run


def added(senoscope, name="ada", role="admin"):
    return senoscope("users", "add", name, "--role", role, "--password-stdin", told=f"{PASSWORD}\n")


def test_users_are_made_changed_listed_and_removed(senoscope):
    added(senoscope)
    added(senoscope, "bob", "viewer")
    senoscope("users", "role", "bob", "operator")
    senoscope("users", "password", "bob", "--password-stdin", told="another long secret\n")

    listed = json.loads(senoscope("users", "list", "--json").stdout)
    assert [(one["name"], one["role"]) for one in listed] == [("ada", "admin"), ("bob", "operator")]
    assert PASSWORD not in str(listed)

    senoscope("users", "remove", "bob")
    with pytest.raises(RefusedError, match="last administrator"):
        senoscope("users", "remove", "ada")


def test_a_password_is_never_an_argument_and_is_asked_for_only_on_a_terminal(senoscope):
    assert senoscope("users", "add", "ada", "--password", PASSWORD).exit_code == 2
    with pytest.raises(WrongUsageError, match="--password-stdin"):
        senoscope("users", "add", "ada")
    with pytest.raises(RefusedError, match="too short"):
        senoscope("users", "add", "ada", "--password-stdin", told="short\n")


def test_a_token_is_shown_once_and_removed(senoscope):
    added(senoscope)

    made = json.loads(senoscope("api-token", "add", "ada", "nightly", "--json").stdout)

    listed = senoscope("api-token", "list", "--json").stdout
    assert json.loads(listed)[0]["label"] == "nightly"
    assert made["token"] not in listed
    senoscope("api-token", "remove", "ada", "nightly")
    assert json.loads(senoscope("api-token", "list", "--json").stdout) == []


def test_the_audit_trail_names_who_may_run_commands_on_the_machine(senoscope):
    added(senoscope)
    with pytest.raises(RefusedError):
        added(senoscope)

    entries = json.loads(senoscope("audit", "list", "--action", "user.", "--json").stdout)

    assert [one["outcome"] for one in entries] == ["there is a user ada", "done"]
    assert all(one["who"].startswith("command line: ") for one in entries)
    assert "ada as admin" in senoscope("audit", "list").stdout
