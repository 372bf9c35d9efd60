"""What the soak says of memory: of each process, of its children, and how sure that is."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def memory(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("support.memory")


@pytest.fixture
def child():
    """A child of this process that has said that it runs."""
    code = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        yield process


def test_a_process_and_its_children_are_told_apart(memory, child):
    seen = memory.Memory({"me": os.getpid(), "child": child.pid})

    seen.look(5)

    assert seen.done == [5]
    assert [*seen.found] == ["me", "me's children", "child"]
    assert seen.found["me's children"][0] == pytest.approx(seen.found["child"][0], rel=0.1)


def test_a_child_that_ends_just_before_it_is_looked_at_ends_no_bench(memory, child):
    listed = [psutil.Process(), psutil.Process(child.pid)]
    child.kill()
    child.wait()

    assert memory.mb_of(listed) == pytest.approx(memory.mb_of(listed[:1]), rel=0.1)


def test_of_two_looks_at_as_much_the_later_counts(memory):
    seen = memory.Memory({"me": os.getpid()})

    seen.look(5)
    seen.look(5)

    (told,) = seen.slopes(2.5)
    assert seen.done == [5]
    assert (told.per_1000, told.error) == (None, None)


@pytest.mark.parametrize(("looks", "is_told"), [(2, False), (5, False), (6, True)])
def test_few_looks_do_not_tell_how_sure_the_slope_is(memory, looks, is_told):
    done = np.arange(looks) * 5
    mb = 100 + done / 1000 + np.resize([0.0, 0.3, 0.1, 0.2], looks)

    row = memory.slope("worker", done, mb).row()

    assert (row["standard error"] is not None) == is_told
    json.dumps(row, allow_nan=False)


def test_looks_that_differ_from_those_before_make_the_slope_no_surer(memory):
    done = np.arange(8)
    mb = np.array([0.0, 1, 0, 1, 1, 0, 1, 0])  # no slope, and each look unlike the one before

    told = memory.slope("worker", done, mb)

    alone = np.sqrt(np.var(mb) / np.var(done) / 6)  # of independent looks
    assert told.error == pytest.approx(1000 * alone)
