"""What a GPU's container runs, with a stand-in for senoscope: there is no GPU here."""

import subprocess
from pathlib import Path

import pytest
from peers.programs import until

SCRIPT = Path(__file__).parents[2] / "deploy/gpu-worker.sh"


@pytest.fixture
def stand_in(tmp_path):
    """Return a way to say what `senoscope engines build` does; it notes what it is asked."""

    def say(building: str) -> dict[str, str]:
        program = tmp_path / "senoscope"
        program.write_text(
            f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n[ "$1" = worker ] && exit 0\n{building}\n'
        )
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return say


def asked(tmp_path) -> list[str]:
    file = tmp_path / "asked"
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.parametrize("building", ["exit 0", "exit 1"], ids=["all built", "not all built"])
def test_plans_are_built_and_then_it_works_whatever_became_of_them(stand_in, tmp_path, building):
    told = subprocess.run([SCRIPT], env=stand_in(building), check=False, capture_output=True)

    assert told.returncode == 0
    assert asked(tmp_path) == ["engines build --all --device cuda:0", "worker --device cuda:0"]


def test_one_that_is_told_to_end_while_it_builds_ends_and_its_building_too(stand_in, tmp_path):
    environment = stand_in(f"echo $$ >{tmp_path}/pid; exec sleep 60")
    worker = subprocess.Popen([SCRIPT], env=environment)
    until((tmp_path / "pid").exists)
    until((tmp_path / "pid").read_text)
    building = Path("/proc") / (tmp_path / "pid").read_text().strip()

    worker.terminate()
    ended = worker.wait(timeout=20)

    assert ended == 143
    assert not building.exists()
    assert asked(tmp_path) == ["engines build --all --device cuda:0"]
