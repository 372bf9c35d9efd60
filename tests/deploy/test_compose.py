"""The Compose files: valid, and everything that they name is there."""

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from composed import NODE, composed
from dockerfile import stages
from typer.main import get_command

from service.cli.app import app
from service.node import Role
from service.settings import PREFIX, known_keys

PROJECT = Path(__file__).parents[2]
WHOLE = PROJECT / "deploy/compose.yaml"
EMBEDDED = PROJECT / "deploy/compose.embedded.yaml"
CLIENTS = {"bookworm": "15", "trixie": "17"}
"""The version of PostgreSQL's client that each Debian has."""
BOTH = pytest.mark.parametrize("path", [WHOLE, EMBEDDED], ids=lambda path: path.name)


@BOTH
def test_a_file_is_as_the_specification_of_compose_says(path):
    checker = Path(sys.executable).with_name("check-jsonschema")

    told = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout


@BOTH
def test_what_a_service_names_is_declared_and_what_is_declared_is_used(path):
    file = composed(path)
    services = file.services.values()
    named = {
        "secrets": {one for s in services for one in s.told.get("secrets", ())},
        "networks": {one for s in services for one in s.told.get("networks", ())},
        "volumes": {there for s in services for there, _ in s.mounts if there[0] != "."},
    }
    needed = {one for s in services for one in s.told.get("depends_on", ())}

    assert {kind: set(file.told.get(kind, {})) for kind in named} == named
    assert needed <= set(file.services)


@BOTH
def test_what_is_mounted_from_the_project_is_there(path):
    file = composed(path)
    mounted = [there for s in file.services.values() for there, _ in s.mounts if there[0] == "."]

    assert [one for one in mounted if not (path.parent / one).exists()] == []


@BOTH
def test_every_variable_of_ours_is_a_setting(path):
    settings = {PREFIX + key.upper().replace(".", "__") for key in known_keys()}
    given = {name for s in composed(path).services.values() if s.is_node for name in s.environment}

    assert given <= settings


@BOTH
def test_our_images_are_targets_and_our_commands_exist(path):
    commands = get_command(app).commands
    for service in composed(path).services.values():
        if service.is_node:
            assert service.told["build"]["target"] in stages(PROJECT / "Dockerfile")
        if service.is_node and service.command[0] == "senoscope":
            name, *rest = service.command[1:]
            commands[name].make_context(name, list(rest))


def test_each_role_has_a_service_and_no_other_does_it():
    roles = [
        role
        for service in composed(WHOLE).nodes.values()
        for word, role in zip(service.command, service.command[1:], strict=False)
        if word == "--role"
    ]

    assert sorted(roles) == sorted(set(Role) - {Role.WORKER})
    assert {"worker"} == {n for n, s in composed(WHOLE).nodes.items() if s.command[1] == "worker"}


@BOTH
def test_a_service_of_ours_may_write_nowhere_but_to_its_volumes_and_may_do_nothing_special(path):
    for service in composed(path).services.values():
        if service.is_node:
            assert service.told["read_only"]
            assert service.told["cap_drop"] == ["ALL"]
            assert service.told["security_opt"] == ["no-new-privileges:true"]
            assert service.told["deploy"]["resources"]["limits"]["memory"]


@BOTH
def test_every_service_is_stopped_in_its_own_time_and_only_two_ports_leave_the_host(path):
    services = composed(path).services.values()
    published = [one for s in services for one in s.told.get("ports", ())]
    beyond = [one for one in published if not one.startswith("127.0.0.1:")]

    assert beyond == ["11112:11112"]
    assert all("stop_grace_period" in s.told for s in services if s.is_node)


def test_images_of_others_are_named_with_a_version():
    images = [
        service.told["image"]
        for path in (WHOLE, EMBEDDED)
        for service in composed(path).services.values()
        if service.command[:1] not in [[one] for one in NODE]
    ]

    assert [one for one in images if not re.search(r":v?\d", one)] == []


def test_postgresql_is_of_the_version_of_the_client_in_the_image_that_backs_it_up():
    steps = stages(PROJECT / "Dockerfile")["cpu"]

    debian = re.search(r"slim-(\w+)", steps[0].told)[1]
    clients = re.findall(r"postgresql-client-(\d+)", " ".join(step.told for step in steps))
    server = composed(WHOLE).services["postgres"].told["image"]

    assert clients == [CLIENTS[debian]]
    assert re.fullmatch(r"postgres:(\d+)-\w+", server)[1] == clients[0]


def test_no_secret_stands_in_a_file_and_each_is_made_once_closed_to_others(tmp_path):
    script = tmp_path / "secrets.sh"
    script.write_bytes((PROJECT / "deploy/secrets.sh").read_bytes())
    script.chmod(0o755)
    named = {Path(one["file"]).name for one in composed(WHOLE).told["secrets"].values()}

    subprocess.run([script], check=True, capture_output=True)
    first = {one.name: one.read_text() for one in (tmp_path / "secrets").iterdir()}
    subprocess.run([script], check=True, capture_output=True)
    second = {one.name: one.read_text() for one in (tmp_path / "secrets").iterdir()}

    assert set(first) == named
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in first.values())
    assert len(set(first.values())) == len(first)
    assert first == second
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
