"""When a study is thought to be whole, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.ledger.records import Study
from service.router.complete import ALL_HERE, Sight, missing, verdict
from service.router.routes import Complete

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FOUR = ("RCC", "LCC", "RMLO", "LMLO")
QUIET = Sight(Complete(quiet_s=30, at_most_s=100))


def study(**values) -> Study:
    known = Study("1.2", "MAMMO1", 2, 2, (), T0, T0 + timedelta(seconds=10))
    return replace(known, **values)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def sight(*views: str, before: tuple[str, ...] = (), is_unilateral: bool = False, **rule) -> Sight:
    """Return what a route sees that expects the usual four views."""
    table = {"views": FOUR, "quiet_s": 30, "at_most_s": 100} | rule
    return Sight(Complete(**table), frozenset(views), frozenset(before), is_unilateral)


def why(sights: Sight | list[Sight], seconds: float, of: Study | None = None) -> str | None:
    """Return why the study is complete that many seconds after its first image, if it is."""
    several = sights if isinstance(sights, list) else [sights]
    found = verdict(of or study(), T0, several, after(seconds))
    return None if found is None else found.reason


@pytest.mark.parametrize("order", [*permutations(FOUR)], ids=" ".join)
def test_four_views_are_complete_when_the_last_is_here_in_any_order(order):
    so_far = [order[:count] for count in range(1, 5)]

    found = [why(sight(*views), 10) for views in so_far]

    assert found == [None, None, None, ALL_HERE]


def test_a_study_without_a_view_waits_until_nothing_more_comes_and_the_view_is_named():
    three = sight("RCC", "LCC", "RMLO")

    assert why(three, 39) is None
    assert why(three, 40) == "nothing came for 30 s: LMLO did not come"
    assert verdict(study(), T0, [three], after(40)).missing == ("LMLO",)


def test_a_study_that_never_falls_quiet_is_judged_at_last_and_the_view_is_named():
    endless = study(last_received_at=after(99))

    assert why(sight("RCC", "LCC", "RMLO"), 99, endless) is None
    told = why(sight("RCC", "LCC", "RMLO"), 100, endless)
    assert told == "the first image waited for 100 s: LMLO did not come"
    assert why(QUIET, 100, endless) == "the first image waited for 100 s"


def test_the_route_that_waits_longest_decides():
    assert why([sight(*FOUR), QUIET], 10) is None
    assert why([sight(*FOUR), QUIET], 40) == f"{ALL_HERE}, nothing came for 30 s"


def test_late_images_wait_for_quiet_though_all_views_are_here():
    late = study(instances=5, undecided=1, last_received_at=after(200))
    seen = sight(*FOUR, before=FOUR)

    assert verdict(late, after(200), [seen], after(201)) is None
    assert verdict(late, after(200), [seen], after(230)).reason == "nothing came for 30 s"


def test_the_view_that_was_missing_does_not_wait_when_it_comes_late():
    late = study(instances=4, undecided=1, last_received_at=after(200))

    assert why(sight(*FOUR, before=FOUR[:3]), 200, late) == ALL_HERE


def test_a_late_image_is_not_held_for_a_view_that_nobody_waits_for_any_more():
    late = study(instances=4, undecided=1, last_received_at=after(200))
    seen = sight("RCC", "LCC", "RMLO", before=("RCC", "LCC"), then="hold")

    found = verdict(late, after(200), [seen], after(240))

    assert (found.is_held, found.reason) == (False, "nothing came for 30 s")


def test_an_operator_may_say_that_it_is_complete_and_what_is_missing_is_kept():
    found = verdict(study(complete_asked=True), T0, [sight("RCC", then="hold")], after(1))

    assert "operator" in found.reason
    assert (found.is_held, found.missing) == (False, ("LCC", "RMLO", "LMLO"))


def test_a_study_that_no_route_waits_for_is_judged_at_once():
    assert why([], 10) == "no route waits for it"


@pytest.mark.parametrize("detail", ["LMLO+S", "LMLO+M", "LMLO+M+S", "LMLO+PARTIAL", "LMLO+TAN"])
def test_a_detail_is_no_view_and_hinders_none(detail):
    assert why(sight("RCC", "LCC", "RMLO", detail), 10) is None
    assert why(sight(*FOUR, detail, "RXCCL"), 10) == ALL_HERE


def test_a_clinic_may_expect_a_detail_of_every_study():
    rule = {"views": ("RCC", "rcc+m")}

    assert missing(sight("RCC", **rule)) == ("RCC+M",)
    assert missing(sight("RCC", "RCC+M", **rule)) == ()


def test_of_a_study_of_one_breast_the_other_is_not_expected():
    left = sight("LCC", "LMLO", is_unilateral=True)

    assert why(left, 10) == f"{ALL_HERE}, of the left breast alone"
    assert why(sight("LCC", is_unilateral=True), 10) is None
    assert why(sight("LCC", "LMLO"), 10) is None


def test_of_a_study_of_one_breast_that_shows_both_all_are_expected():
    assert missing(sight("LCC", "LMLO", "RCC", is_unilateral=True)) == ("RMLO",)


IN_PLACE = ("RCC+IMPLANT", "LCC+IMPLANT", "RMLO+IMPLANT", "LMLO+IMPLANT")
DISPLACED = tuple(f"{view}+ID" for view in FOUR)


def test_views_with_an_implant_in_its_place_are_the_usual_ones():
    assert why(sight(*IN_PLACE), 10) == ALL_HERE


@pytest.mark.parametrize(
    ("implants", "views", "gone"),
    [
        ("extra", DISPLACED, FOUR),
        ("extra", (*IN_PLACE, *DISPLACED), ()),
        ("instead", DISPLACED, ()),
        ("instead", (*IN_PLACE[:2], *DISPLACED[2:]), ()),
        ("instead", (*DISPLACED[:3], "LMLO+ID+S"), ("LMLO",)),
        ("both", FOUR, ()),
        ("both", IN_PLACE, DISPLACED),
        ("both", (*IN_PLACE, *DISPLACED), ()),
        ("both", ("RCC+IMPLANT", "RMLO+IMPLANT", "LCC", "LMLO"), ("RCC+ID", "RMLO+ID")),
    ],
)
def test_views_with_a_displaced_implant_are_extra_instead_or_expected_too(implants, views, gone):
    assert missing(sight(*views, implants=implants)) == gone


@pytest.mark.parametrize(
    ("then", "held", "told"),
    [("process", False, False), ("hold", True, False), ("notify", False, True)],
)
def test_what_becomes_of_a_study_that_misses_a_view_is_the_clinic_s_choice(then, held, told):
    found = verdict(study(), T0, [sight("RCC", then=then)], after(40))

    assert (found.is_held, found.is_told) == (held, told)


def test_what_holds_a_study_is_told_and_not_what_does_not():
    found = verdict(
        study(), T0, [QUIET, sight("RCC", "LCC", then="hold", views=FOUR[:3])], after(40)
    )

    assert (found.is_held, found.reason) == (True, "nothing came for 30 s: RMLO did not come")


def test_a_study_with_all_its_views_is_never_held():
    assert not verdict(study(), T0, [sight(*FOUR, then="hold")], after(10)).is_held


def test_a_word_that_is_no_view_is_waited_for_in_vain():
    assert missing(sight("RCC", views=("RCC", "MLO"))) == ("MLO",)


@pytest.mark.parametrize("wrong", [{"then": "hold"}, {"implants": "both"}, {"unilateral": True}])
def test_a_rule_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValidationError, match="view"):
        Complete(**wrong)


@given(
    quiet=st.floats(0, 100),
    most=st.floats(0, 1000),
    last=st.floats(0, 500),
    expected=st.sets(st.sampled_from(FOUR)),
    seen=st.sets(st.sampled_from([*FOUR, "RCC+ID", "LCC+S"])),
)
def test_every_study_is_complete_in_the_end_and_stays_so(quiet, most, last, expected, seen):
    rule = Complete(views=tuple(sorted(expected)), quiet_s=quiet, at_most_s=most)
    received = study(last_received_at=after(last))
    found = [
        verdict(received, T0, [Sight(rule, frozenset(seen))], after(last + wait))
        for wait in (0, 50, 101, 2000)
    ]

    assert found[2] is not None
    assert [one is not None for one in found] == sorted(one is not None for one in found)
