import json
from datetime import UTC, datetime, timedelta

import pytest

from engines.evaluation.bootstrap import Interval
from engines.evaluation.scores import Score
from engines.evaluation.table import BICUBIC
from service.cli.evaluate.everything.figures.scatter import scatter
from service.cli.evaluate.everything.measures.super_resolution import (
    Enlarged,
    Scored,
    points,
    table,
)
from service.cli.evaluate.everything.parts import Done, Keeper, Part
from service.cli.evaluate.everything.tables import Column, Table, probability, told

TABLE = Table(
    "some",
    "Some figures",
    (Column("what"), Column("value", 1), Column("gain", 3)),
    (("a|b", 1.26, Interval(0.5, 0.25, 0.75)), ("c", 2, None)),
)


def test_a_table_reads_as_markdown():
    assert TABLE.markdown().splitlines() == [
        "**Some figures**",
        "",
        "| what | value | gain |",
        "| --- | --- | --- |",
        "| a\\|b | 1.3 | 0.500 (0.250 to 0.750) |",
        "| c | 2 | - |",
    ]


def test_machines_get_the_ends_of_intervals_and_all_digits():
    assert TABLE.plain() == [
        {"what": "a|b", "value": 1.26, "gain": 0.5, "gain, low": 0.25, "gain, high": 0.75},
        {"what": "c", "value": 2, "gain": None, "gain, low": None, "gain, high": None},
    ]
    assert TABLE.csv().splitlines() == [
        'what,value,gain,"gain, low","gain, high"',
        "a|b,1.26,0.5,0.25,0.75",
        "c,2,,,",
    ]


@pytest.mark.parametrize(
    ("p", "said"), [(0.0009, "< .001"), (0.143, ".143"), (1.0, "1.000"), (0.02, ".020")]
)
def test_p_values_are_said_as_papers_say_them(p, said):
    assert probability(p) == said


def test_what_has_no_value_is_a_dash():
    assert told(None, 2) == "-"


def enlarged(model, images):
    scores = {BICUBIC: Score(30.0, 0.8), "numpy": Score(33.0, 0.9)}
    scored = tuple(Scored(name, f"p{name}", scores) for name in images)
    return Enlarged(model, 2, "mini-MIAS", scored)


def done(outcome):
    return Done("part", Clock().now, 1, "here", outcome, is_new=True)


def test_models_that_were_judged_on_other_images_stand_beside_bicubic_on_the_same(tmp_path):
    every = [
        done(enlarged("a 1", "1234")),
        done(enlarged("b 1", "12")),
        done(enlarged("c 1", "12")),
    ]

    rows = table(every).rows
    scatter(tmp_path / "scatter.png", "films", points(every, "mini-MIAS"))

    assert [(row[0], row[3]) for row in rows] == [
        ("bicubic", 4), ("a 1", 4), ("bicubic", 2), ("b 1", 2), ("c 1", 2),
    ]  # fmt: skip
    assert (tmp_path / "scatter.png").stat().st_size


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=3)
        return self.now


def counted(calls, of=("weights",), outcome=dict):
    def make(watch):
        calls.append(of)
        watch()
        return {"psnr": float("inf")} if outcome is dict else [len(calls)]

    return Part("some/part", of, 1, outcome, make)


def test_a_part_is_made_once_and_says_when_and_with_what(tmp_path):
    calls, keeper = [], Keeper(tmp_path, Clock(), "this machine")

    first = keeper.done(counted(calls), lambda: None)
    again = Keeper(tmp_path, Clock(), "another").done(counted(calls), lambda: None)

    assert len(calls) == 1
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.made, again.seconds, again.machine) == (first.made, 3, "this machine")
    assert again.outcome == {"psnr": float("inf")}


def test_a_part_of_other_weights_is_made_anew(tmp_path):
    calls, keeper = [], Keeper(tmp_path, Clock(), "")

    for of in (("weights",), ("others",), ("others",)):
        keeper.done(counted(calls, of), lambda: None)

    assert calls == [("weights",), ("others",)]


@pytest.mark.parametrize("text", ["", "{", "{}", '{"name": "some/part", "digest": 1}'])
def test_what_is_not_a_whole_part_is_made_anew(tmp_path, text):
    calls, keeper = [], Keeper(tmp_path, Clock(), "")
    (tmp_path / "parts/some").mkdir(parents=True)
    (tmp_path / "parts/some/part.json").write_text(text)

    done = keeper.done(counted(calls), lambda: None)

    assert done.is_new
    assert json.loads((tmp_path / "parts/some/part.json").read_text())["name"] == "some/part"


def test_an_outcome_of_another_kind_is_made_anew(tmp_path):
    calls, keeper = [], Keeper(tmp_path, Clock(), "")
    keeper.done(counted(calls), lambda: None)

    done = keeper.done(counted(calls, outcome=list[int]), lambda: None)

    assert done.outcome == [2]
