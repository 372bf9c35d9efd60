import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.evaluation.agreement import area_under_roc, dice
from engines.evaluation.bootstrap import intervals
from engines.evaluation.froc import (
    Mark,
    Marked,
    Truth,
    froc,
    sensitivities,
    sensitivity_at,
    threshold_at,
)

HERE, THERE = Truth(50, 50, 10), Truth(200, 80, 20)


def hit(truth, certainty):
    return Mark(truth.x + truth.radius / 2, truth.y, certainty)


def miss(certainty):
    return Mark(400, 400, certainty)


def test_the_curve_of_three_images_is_the_one_computed_by_hand():
    images = [
        Marked("a", (HERE,), (hit(HERE, 0.9), miss(0.7))),
        Marked("b", (HERE, THERE), (miss(0.8), hit(THERE, 0.6), miss(0.3))),
        Marked("c", (), (miss(0.5),)),
    ]

    curve = froc(images)

    steps = zip(curve.thresholds, curve.sensitivities, curve.false_marks, strict=True)
    assert [tuple(np.round(step, 4)) for step in steps] == [
        (np.inf, 0, 0),
        (0.9, 0.3333, 0),
        (0.8, 0.3333, 0.3333),
        (0.7, 0.3333, 0.6667),
        (0.6, 0.6667, 0.6667),
        (0.5, 0.6667, 1),
        (0.3, 0.6667, 1.3333),
    ]
    assert sensitivity_at(curve, 0.5) == pytest.approx(1 / 3)
    assert sensitivity_at(curve, 1) == pytest.approx(2 / 3)
    assert threshold_at(curve, 0.67) == 0.6


def test_a_lesion_that_is_hit_twice_counts_once_and_neither_hit_is_false():
    twice = Marked("a", (HERE,), (hit(HERE, 0.4), hit(HERE, 0.9)))

    curve = froc([twice])

    assert curve.sensitivities.max() == 1
    assert curve.false_marks.max() == 0
    assert curve.thresholds[curve.sensitivities == 1].max() == 0.9


def test_one_mark_within_two_lesions_finds_both():
    near = Truth(HERE.x + 5, HERE.y, 10)

    curve = froc([Marked("a", (HERE, near), (hit(HERE, 0.5),))])

    assert curve.sensitivities.max() == 1


def test_a_mark_on_the_edge_of_the_circle_hits_and_one_beyond_it_does_not():
    assert HERE.holds(HERE.x + HERE.radius, HERE.y)
    assert not HERE.holds(HERE.x + HERE.radius + 0.01, HERE.y)


def test_marks_on_lesions_of_another_kind_are_neither_hits_nor_false():
    marked = Marked("a", (HERE,), (hit(THERE, 0.9), miss(0.2)), others=(THERE,))

    curve = froc([marked])

    assert curve.sensitivities.max() == 0
    assert curve.false_marks.max() == 1


def test_marks_as_sure_as_each_other_are_taken_together():
    curve = froc([Marked("a", (HERE,), (hit(HERE, 0.5), miss(0.5), miss(0.5)))])

    assert curve.thresholds.tolist() == [np.inf, 0.5]
    assert sensitivity_at(curve, 1) == 0
    assert sensitivity_at(curve, 2) == 1


def test_without_a_lesion_there_is_no_sensitivity():
    with pytest.raises(ValueError, match="no lesion"):
        froc([Marked("a", (), (miss(0.5),))])


def test_a_method_that_marks_nothing_finds_nothing():
    curve = froc([Marked("a", (HERE,), ())])

    assert sensitivity_at(curve, 4) == 0


marks = st.lists(
    st.builds(
        Mark, st.floats(0, 300), st.floats(0, 300), st.integers(0, 9).map(lambda tenth: tenth / 10)
    ),
    max_size=6,
).map(tuple)


@given(st.lists(marks, min_size=1, max_size=5))
def test_a_lower_threshold_never_finds_less_nor_marks_less(several):
    images = [Marked(str(n), (HERE, THERE), one) for n, one in enumerate(several)]

    curve = froc(images)

    assert (np.diff(curve.thresholds) < 0).all()
    assert (np.diff(curve.sensitivities) >= 0).all()
    assert (np.diff(curve.false_marks) >= 0).all()
    wrong = sum(not (HERE.holds(m.x, m.y) or THERE.holds(m.x, m.y)) for one in several for m in one)
    assert curve.false_marks[-1] == pytest.approx(wrong / len(images))


def half_of(patients):
    return [
        Marked(str(n), (HERE,), (hit(HERE, 0.9),) if n % 2 else (miss(0.9),))
        for n in range(patients)
    ]


def test_the_interval_holds_the_value_is_always_the_same_and_narrows_with_patients():
    few, many = (sensitivities(half_of(patients), [1])[0] for patients in (10, 160))

    assert few == sensitivities(half_of(10), [1])[0]
    assert few.low < 0.5 == few.value < few.high
    # Of 160 patients, half of them found: 1.96 sqrt(0.25 / 160) is 0.077.
    assert many.value - many.low == pytest.approx(0.077, abs=0.02)
    assert few.high - few.low > 2 * (many.high - many.low)


def test_images_of_one_patient_are_drawn_together():
    apart = [float(n % 2) for n in range(40)]

    alone = intervals(apart, [str(n) for n in range(40)], lambda cases: [np.mean(cases)])[0]
    together = intervals(apart, [str(n % 4) for n in range(40)], lambda cases: [np.mean(cases)])[0]

    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_draws_that_have_no_figure_do_not_count():
    judged = [(0.9, True), (0.1, False)]

    (found,) = intervals(judged, ["a", "b"], lambda cases: [area_under_roc(cases)], repeats=20)

    assert (found.low, found.value, found.high) == (1, 1, 1)


def test_the_area_under_the_curve_is_how_often_the_order_is_right():
    assert area_under_roc([(0.9, True), (0.5, True), (0.5, False), (0.1, False)]) == 3.5 / 4
    with pytest.raises(ValueError, match="one class"):
        area_under_roc([(0.9, True)])


def test_dice_is_twice_what_is_shared_over_what_is_held():
    one, other = np.zeros((2, 8), bool)
    one[:4], other[2:6] = True, True

    assert dice(one, other) == 0.5
    assert dice(one, one) == 1
    assert dice(~one, one) == 0
    assert dice(np.zeros(3, bool), np.zeros(3, bool)) == 1
