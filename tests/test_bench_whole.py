"""Only a whole run of a bench takes the place of what is in bench/results."""

import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def is_whole(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)

    def tell(name, given):
        bench = importlib.import_module(name)
        return bench.is_whole(bench.asked(given))

    return tell


@pytest.mark.parametrize(
    ("bench", "given"),
    [
        ("pipeline", ["--columns", "100"]),
        ("pipeline", ["--rows", "100"]),
        ("pipeline", ["--quick"]),
        ("networks", ["--rounds", "2"]),
        ("networks", ["--only", "unet"]),
        ("networks", ["--quick"]),
        ("receive", ["--rounds", "1"]),
        ("receive", ["--work", "slices"]),
        ("receive", ["--quick"]),
    ],
)
def test_a_run_of_less_than_the_whole_is_none(is_whole, bench, given):
    assert not is_whole(bench, given)


@pytest.mark.parametrize(
    ("bench", "given"),
    [("pipeline", ["--pipeline", "cad"]), ("networks", []), ("receive", ["--rounds", "6"])],
)
def test_a_run_that_is_asked_for_no_less_is_whole(is_whole, bench, given):
    assert is_whole(bench, given)
