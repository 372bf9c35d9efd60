"""The tables of Honjo 2022, from counts, from answers and from what is known of the cases."""

import csv
import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from side_by_side import pictures, session_of
from typer.testing import CliRunner

from service.cli.app import app
from service.errors import BadConfigurationError
from service.reader_study.agreement import agreements
from service.reader_study.analysis import analyse, gather, measured
from service.reader_study.answers import Answer, Answers
from service.reader_study.cases import Case
from service.reader_study.counts import Counts, counted
from service.reader_study.patients import lines
from service.reader_study.session import ANSWERS
from service.reader_study.strata import strata

PUBLISHED = [
    ("detection", "1", (0, 0, 31, 55, 50), "4.140", "< .001 ***"),
    ("detection", "4", (0, 0, 63, 73, 0), "3.537", "< .001 ***"),
    ("visibility of density", "1", (0, 15, 100, 17, 4), "3.074", ".143"),
    ("contrast of calcifications", "2", (0, 0, 2, 0, 134), "4.971", "< .001 ***"),
    ("noise of calcifications", "4", (0, 2, 133, 1, 0), "2.993", ".773"),
    ("sharpness in general", "4", (0, 0, 134, 2, 0), "3.015", ".346"),
]
"""Rows of Table 2 of Honjo 2022, as PAPERS.md gives them."""
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


def counts_file(tmp_path, header="criterion,reader,n1,n2,n3,n4,n5", rows=PUBLISHED):
    path = tmp_path / "counts.csv"
    told = [",".join([name, reader, *map(str, numbers)]) for name, reader, numbers, *_ in rows]
    path.write_text("\n".join([header, *told]))
    return path


def said(*words):
    told = CliRunner().invoke(app, ["reader-study", "analyse", *map(str, words)])
    assert told.exit_code == 0, told.output
    return told.output


@pytest.mark.parametrize(
    "header", ["criterion,reader,n1,n2,n3,n4,n5", "Criterion,Reader,1,2,3,4,5"]
)
def test_the_published_counts_give_the_published_means_and_significance(tmp_path, header):
    report = said(counts_file(tmp_path, header))

    lines_ = [[cell.strip() for cell in line.split("|")] for line in report.splitlines()]
    rows = [line[2:-1] for line in lines_ if len(line) == 12][2:]  # under a heading and a rule
    assert rows == [
        [reader, *map(str, numbers), "0", mean, p] for _, reader, numbers, mean, p in PUBLISHED
    ]


def test_the_tables_are_files_too(tmp_path):
    said(counts_file(tmp_path), "--out", tmp_path / "out")

    with (tmp_path / "out/criteria.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["mean"] for row in rows] == ["4.14", *(mean for *_, mean, _ in PUBLISHED[1:])]
    assert [row["stars"] for row in rows] == ["***", "***", "", "***", "", ""]
    assert float(rows[2]["p"]) == pytest.approx(0.143, abs=5e-4)
    assert "| 4.140 |" in (tmp_path / "out/report.md").read_text()


def test_programs_get_json(tmp_path):
    told = json.loads(said(counts_file(tmp_path), "--json"))

    assert told["criteria"][4]["mean"] == 2.993
    assert told["criteria"][4]["p"] == pytest.approx(0.773, abs=5e-4)


@given(st.tuples(*[st.integers(0, 60)] * 5))
def test_p_is_that_of_the_normal_approximation_by_hand(numbers):
    """Ranks of absolute differences with their ties, variance over them, half a step off."""
    signed = np.repeat([-2, -1, 1, 2], [numbers[0], numbers[1], numbers[3], numbers[4]])
    p = Counts("overall", "a", numbers).p

    if not signed.size:
        assert p is None
        return
    ones, twos = numbers[1] + numbers[3], numbers[0] + numbers[4]
    ranks = np.where(np.abs(signed) == 1, (ones + 1) / 2, ones + (twos + 1) / 2)
    off = abs(ranks[signed > 0].sum() - ranks.sum() / 2)
    z = max(off - 0.5, 0) / math.sqrt((ranks**2).sum() / 4)
    assert p == pytest.approx(math.erfc(z / math.sqrt(2)), abs=1e-9)


@given(st.tuples(*[st.integers(0, 60)] * 5))
def test_a_study_seen_in_a_mirror_has_the_same_p(numbers):
    here, there = Counts("overall", "a", numbers), Counts("overall", "a", numbers[::-1])

    assert here.p == (None if there.p is None else pytest.approx(there.p))


def test_not_readable_counts_neither_for_the_mean_nor_for_p():
    row = counted("overall", "a", [5, 4, None, 4, None])

    assert (row.given, row.not_readable) == ((0, 0, 0, 2, 1), 2)
    assert str(row.mean) == "4.333"
    assert row.p == Counts("overall", "a", (0, 0, 0, 2, 1)).p


def test_what_nobody_could_read_has_neither_mean_nor_p(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("criterion,reader,n1,n2,n3,n4,n5,not readable\nnipple,1,0,0,0,0,0,136\n")

    assert "| 0 | 0 | 0 | 0 | 0 | 136 | \N{EN DASH} | \N{EN DASH} |" in said(path)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("criterion,reader,n1,n2,n3,n4,no5", "did you mean 'n5'"),
        ("criterion,reader,n1,n2,n3,n4,mean", "n5: field required"),
    ],
)
def test_a_wrong_column_is_named(tmp_path, header, named):
    with pytest.raises(BadConfigurationError, match="row 1") as told:
        gather([counts_file(tmp_path, header)])

    assert named in str(told.value)


def test_an_empty_folder_is_said_to_be_none(tmp_path):
    told = CliRunner().invoke(app, ["reader-study", "analyse", str(tmp_path)])

    assert isinstance(told.exception, BadConfigurationError)
    assert "nothing to analyse" in str(told.exception)


def answers(*scores, criterion="overall"):
    return [
        Answer(case=case, criterion=criterion, score=score, given=score, left="original", at=MOMENT)
        for case, score in enumerate(scores, start=1)
    ]


def test_agreement_is_kappa_with_quadratic_weights():
    """Against the formula: 1 - observed disagreement / that by chance, both squared."""
    one, other = (1, 2, 3, 4, 5, 5, 3), (1, 3, 3, 4, 4, 5, 1)

    (found,) = agreements({"a": answers(*one), "b": answers(*other)})

    apart = np.subtract.outer(one, other) ** 2
    assert found.kappa == pytest.approx(1 - np.diag(apart).mean() / apart.mean())
    assert (found.cases, found.exact) == (7, pytest.approx(4 / 7))


def test_agreement_is_over_cases_that_both_could_read():
    (found,) = agreements({"a": answers(1, None, 3, 4), "b": answers(1, 2, None, 4)})

    assert found.cases == 2


def test_readers_who_always_say_the_same_have_no_kappa():
    (found,) = agreements({"a": answers(3, 3), "b": answers(3, 3)})

    assert (found.exact, found.kappa) == (1, None)


def scores_file(path, rows, header="reader,case,criterion,score"):
    path.write_text("\n".join([header, *rows]))
    return path


def test_scores_from_elsewhere_are_counted_and_compared(tmp_path):
    rows = [f"{reader},{case},overall,{3 + case % 2}" for reader in "ab" for case in range(1, 9)]
    path = scores_file(tmp_path / "scores.csv", [*rows, "b,9,overall,"])

    told = json.loads(said(path, "--json"))

    first, second = told["criteria"]
    assert (first["n3"], first["n4"], first["not_readable"], first["mean"]) == (4, 4, 0, 3.5)
    assert (second["reader"], second["not_readable"]) == ("b", 1)
    assert (told["agreement"][0]["cases"], told["agreement"][0]["kappa_quadratic"]) == (8, 1)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("a,1,ovarall,3", "did you mean 'overall'"),
        ("a,1,overall,6", "row 1: score"),
        ("a,one,overall,3", "row 1: case"),
    ],
)
def test_a_score_that_is_none_is_named(tmp_path, row, named):
    with pytest.raises(BadConfigurationError, match=named):
        gather([scores_file(tmp_path / "scores.csv", [row])])


def test_a_reader_of_two_files_is_not_taken_for_one(tmp_path):
    found = gather([scores_file(tmp_path / "scores.csv", ["a,1,overall,3"])] * 2)
    assert len(analyse(found).tables) == 1

    with pytest.raises(BadConfigurationError, match="two readers are called anna"):
        analyse(gather([session(tmp_path / "one"), session(tmp_path / "two")]))


def session(folder):
    pairs = pictures(folder / "pairs", cases=1, rows=20, columns=20)
    session_of(folder / "answers", pairs)
    return folder / "answers"


def test_the_answers_that_the_analysis_writes_give_the_same_table(tmp_path):
    folder = session(tmp_path)
    with Answers(folder / "anna" / ANSWERS) as kept:
        for one in [*answers(5), *answers(None, criterion="skin")]:
            kept.add(one)
    before = json.loads(said(folder, "--out", tmp_path / "out", "--json"))

    again = json.loads(said(tmp_path / "out/answers.csv", "--json"))

    assert again["criteria"] == before["criteria"]
    assert [row["criterion"] for row in again["criteria"]] == ["skin", "overall"]


def case(density, before, after, **known):
    return Case(density=density, piqe_original=before, piqe_super_resolved=after, **known)


def test_piqe_is_split_as_in_the_paper_with_a_paired_test():
    cases = [
        case("extremely dense", 22.0, 2.0, morphology="amorphous"),
        case("scattered", 10.0, 3.0),
        case("scattered", 14.0, 2.0),
        case("almost entirely fatty", 12.93, 6.25),
        Case(density="scattered"),
    ]

    everything, *split = strata(cases)

    differences = np.array([20.0, 7.0, 12.0, 6.68])
    t = differences.mean() / (differences.std(ddof=1) / 2)
    assert (everything.split, everything.cases) == ("all", 4)
    assert everything.original == pytest.approx(14.7325)
    assert everything.p == pytest.approx(p_of_t(t, 3))
    assert [one.value for one in split] == [
        "almost entirely fatty",
        "scattered",
        "extremely dense",
        "amorphous",
    ]
    assert split[0].original_deviation is None
    assert split[1].original_deviation == pytest.approx(math.sqrt(8))


def p_of_t(t, degrees):
    """Return the two-sided p of Student's t with 3 degrees of freedom, in closed form."""
    assert degrees == 3
    x = t / math.sqrt(3)
    return 1 - 2 / math.pi * (x / (1 + x * x) + math.atan(x))


def test_patients_are_counted_once_and_breasts_each():
    cases = [
        Case(patient="p1", age=50, density="scattered"),
        Case(patient="p1", age=50, density="scattered"),
        Case(patient="p2", age=60),
    ]

    found = {(one.what, one.value): one for one in lines(cases)}

    assert found["patients", ""].number == 2
    assert (found["age", ""].mean, found["age", ""].deviation) == (55, pytest.approx(7.0711, 1e-4))
    assert (found["density", "scattered"].number, found["density", "scattered"].of) == (2, 3)
    assert found["density", "not stated"].number == 1


def test_piqe_is_measured_where_it_is_not_given(tmp_path):
    known, unknown = case("a", 3, 2), Case(original=tmp_path / "a", super_resolved=tmp_path / "b")

    found = list(measured([known, unknown], lambda _: (7.0, 1.0)))

    assert found[0] == known
    assert (found[1].piqe_original, found[1].piqe_super_resolved) == (7, 1)


def test_a_list_of_cases_gives_both_tables_without_any_reader(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(
        "patient,age,density,birads,piqe_original,piqe_super_resolved\n"
        "1,50,scattered,4,12.5,3.5\n2,62,scattered,2,13.5,2.5\n"
    )

    report = analyse(gather([path])).markdown()

    assert "| density: scattered | 2 | 13.00 ± 0.71 | 3.00 ± 0.71 | .063 |" in report
    assert "| age, mean ± SD (2 known) | 56.00 ± 8.49 |  |" in report
    assert "| BI-RADS category: 4 | 1 | 50% |" in report
