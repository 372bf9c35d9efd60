"""A bench that has too little time keeps what it has measured."""

import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def studies(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("studies")


@pytest.mark.parametrize(
    ("seconds_a_round", "kept"), [(100, [0, 1, 2, 3]), (500, [0, 1, 2]), (9999, [0, 1])]
)
def test_one_round_after_the_warming_up_is_measured_however_long_it_takes(
    studies, seconds_a_round, kept
):
    looks = iter([0, 2 * seconds_a_round, 3 * seconds_a_round])

    begun = [*studies.rounds_within(3, lambda: next(looks))]

    assert begun == kept
