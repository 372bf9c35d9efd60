import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXTRAS = DECLARED["optional-dependencies"]
LOCKS = {"cpu": ["cpu"], "dev": ["cpu", "postgresql", "otel", "docs", "dev"], "train": ["train"]}


def locked(name):
    """Return all versions that a lock pins, by package: there may be several, by Python."""
    pins = {}
    for line in (PROJECT / f"requirements/{name}.lock").read_text().splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            pins.setdefault(pin.name, []).append(str(pin.specifier).removeprefix("=="))
    return pins


def test_every_dependency_has_its_reason_in_the_documents():
    table = (PROJECT / "docs/dependencies.md").read_text()

    explained = set(re.findall(r"^\| ([a-z][\w-]+) \| .+ \| .+ \|$", table, re.MULTILINE))

    declared = [*DECLARED["dependencies"], *chain.from_iterable(EXTRAS.values())]
    assert explained - {"package"} == {Requirement(line).name for line in declared}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_what_is_declared_and_nothing_that_is_not_allowed(name):
    pins = locked(name)
    wanted = list(chain.from_iterable(EXTRAS[extra] for extra in LOCKS[name]))
    wanted += DECLARED["dependencies"] if name != "train" else []

    for requirement in map(Requirement, wanted):
        assert pins.get(requirement.name), f"make lock: {requirement.name} is not in {name}.lock"
        for version in pins[requirement.name]:
            assert requirement.specifier.contains(version), f"make lock: {requirement}"


def test_the_locks_agree_where_they_overlap():
    cpu, dev, train = locked("cpu"), locked("dev"), locked("train")

    assert {name: dev[name] for name in cpu} == cpu
    assert not cpu.keys() & train.keys()
    assert all(dev[name] == train[name] for name in dev.keys() & train.keys())


def test_no_lock_names_an_index_a_file_or_a_gpu_package():
    for lock in (PROJECT / "requirements").glob("*.lock"):
        lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
        assert not [line for line in lines if re.search(r"://|index|nvidia|triton|\+cpu", line)]
