"""Users, tokens and the audit trail by the command line."""

import json

import pytest
from consoles import study_with_a_failed_job, study_with_results
from one_route import ROUTES
from typer.testing import CliRunner

from service.cli.app import app
from service.cli.people import this_person
from service.errors import BadConfigurationError, RefusedError, WrongUsageError
from service.opening import open_ledger

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

    made = json.loads(
        senoscope("api-token", "add", "ada", "nightly", "--days", "90", "--json").stdout
    )

    assert made["days"] == 90
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


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("jobs", "retry", "{job}"), "job.retry"),
        (("jobs", "cancel", "{job}"), "job.cancel"),
        (("studies", "complete", "1.2.3"), "study.complete"),
        (("studies", "reprocess", "1.2.3"), "study.reprocess"),
        (("deliveries", "retry", "--study", "1.2.3"), "delivery.retry"),
        (("deliveries", "resend", "1.2.3", "--to", "pacs"), "study.resend"),
        (("jobs", "retry", "{job}", "--json"), "job.retry"),
        (("studies", "complete", "1.2.3", "--json"), "study.complete"),
    ],
    ids=lambda told: " ".join(told) if isinstance(told, tuple) else "",
)
def test_what_is_done_on_the_machine_itself_is_in_the_audit_trail(
    senoscope, tmp_path, command, action
):
    ledger = open_ledger(tmp_path / "senoscope.toml")
    job = study_with_a_failed_job(ledger, "1.2.3")
    if action == "job.cancel":
        ledger.retry(job.job_id)

    try:
        senoscope(*(word.format(job=job.job_id) for word in command))
    except RefusedError as error:
        outcome = str(error)
    else:
        outcome = "done"

    (entry,) = ledger.audit(action=action)
    assert (entry.who, entry.address) == (this_person().name, "local")
    assert entry.outcome == outcome
    ledger.close()


def test_who_brings_routes_back_by_a_command_is_in_the_audit_trail(senoscope, tmp_path):
    ledger = open_ledger(tmp_path / "senoscope.toml")
    number = ledger.keep_routes(ROUTES.format(pacs=1), 50)

    senoscope("routes", "restore", str(number))

    (entry,) = ledger.audit(action="routes.")
    assert (entry.who, entry.object) == (this_person().name, f"version {number}")
    assert (tmp_path / "routes.toml").read_text() == ROUTES.format(pacs=1)
    ledger.close()


def test_a_draft_is_put_into_force_by_a_command_wholly_or_not_at_all(senoscope, tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(ROUTES.format(pacs=1))

    told = json.loads(senoscope("routes", "apply", str(draft), "--json").stdout)
    draft.write_text("[[routes]]\nname = 3\n")
    with pytest.raises(BadConfigurationError):
        senoscope("routes", "apply", str(draft))

    assert (tmp_path / "routes.toml").read_text() == ROUTES.format(pacs=1)
    ledger = open_ledger(tmp_path / "senoscope.toml")
    failed, done = ledger.audit(action="routes.apply")
    assert (done.outcome, done.object) == ("done", f"sha256 {told['sha256'][:12]}")
    assert failed.outcome.startswith(str(tmp_path / "routes.toml"))
    ledger.close()


def test_destinations_are_listed_and_asked_by_commands(senoscope, tmp_path):
    (tmp_path / "routes.toml").write_text(ROUTES.format(pacs=1))
    ledger = open_ledger(tmp_path / "senoscope.toml")
    study_with_results(ledger)

    (listed,) = json.loads(senoscope("destinations", "list", "--json").stdout)
    asked = senoscope("destinations", "echo", "pacs", "--json")

    assert (listed["name"], listed["owed"], listed["unreachable"]) == (
        "pacs", 1, "connection refused",
    )  # fmt: skip
    assert (asked.exit_code, json.loads(asked.stdout)["ok"]) == (1, False)
    assert ledger.audit(action="destination.echo")[0].who == this_person().name
    ledger.close()


def test_the_overview_counts_by_a_command_as_on_the_page(senoscope, tmp_path):
    (tmp_path / "routes.toml").write_text(ROUTES.format(pacs=1))
    ledger = open_ledger(tmp_path / "senoscope.toml")
    study_with_a_failed_job(ledger)
    ledger.close()

    told = json.loads(senoscope("overview", "--json").stdout)

    assert (told["counts"]["jobs"], told["counts"]["by_state"]["failed"]) == ({"dead": 1}, 1)
    assert told["ready"] is False
    shown = senoscope("overview").stdout
    assert "failed" in shown
    assert "FAIL jobs: 1 dead: senoscope jobs list --state dead\n" in shown


def test_the_overview_names_a_destination_that_is_not_reached(senoscope, tmp_path):
    (tmp_path / "routes.toml").write_text(ROUTES.format(pacs=1))
    ledger = open_ledger(tmp_path / "senoscope.toml")
    study_with_results(ledger)
    ledger.close()

    shown = senoscope("overview").stdout

    assert "FAIL destination pacs: 1 deliveries wait: connection refused\n" in shown


def test_who_lets_a_sender_send_by_a_command_is_in_the_audit_trail(senoscope, tmp_path):
    config = tmp_path / "senoscope.toml"
    config.write_text('data_dir = "data"\n[http]\ntokens_file = "tokens"\n')

    token = json.loads(senoscope("token", "add", "MAMMO1", "--json").stdout)["token"]
    senoscope("token", "remove", "MAMMO1", "--json")
    with pytest.raises(RefusedError):
        senoscope("token", "remove", "MAMMO1")

    entries = json.loads(senoscope("audit", "list", "--action", "sender-token.", "--json").stdout)
    told = [(one["action"], one["object"], one["outcome"] == "done") for one in entries]
    assert told == [
        ("sender-token.remove", "MAMMO1", False),
        ("sender-token.remove", "MAMMO1", True),
        ("sender-token.add", "MAMMO1", True),
    ]
    assert all(one["who"] == this_person().name for one in entries)
    assert token not in str(entries)
