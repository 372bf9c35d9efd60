"""When a study is thought to be whole: a pure question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.ledger.records import Study
from service.ledger.views import DISPLACED, View, view_of, word_of
from service.router.rules import Complete

ASKED = "an operator said that it is complete"
ALL_HERE = "all expected views are here"
SIDES = {"L": "left", "R": "right"}


@dataclass(frozen=True, slots=True)
class Sight:
    """What one route sees of a study."""

    rule: Complete
    views: frozenset[str] = frozenset()
    """Of the images that the route takes."""
    before: frozenset[str] = frozenset()
    """Those of `views` that came before the study was judged."""
    is_unilateral: bool = False
    """Whether the study is of one breast."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """That nothing more is waited for, and why."""

    reason: str
    missing: tuple[str, ...] = ()
    """Expected views that did not come."""
    is_held: bool = False
    """Whether it waits for a person now."""
    is_told: bool = False
    """Whether a person is to be told."""


def verdict(
    study: Study, waiting_since: datetime, sights: Sequence[Sight], now: datetime
) -> Verdict | None:
    """Return why the images of `study` can be judged now; None if more of them may come.

    `waiting_since` is when the first image came that is not judged yet. All routes must agree: an
    image may take several, and each of them wants to see the study whole.
    """
    if study.complete_asked:
        return Verdict(ASKED, _all_missing(missing(sight) for sight in sights))
    found = [_met(sight, study, waiting_since, now) for sight in sights]
    met = [one for one in found if one is not None]
    if len(met) < len(found):
        return None
    told = [one for one in met if one.is_held] or met
    return Verdict(
        ", ".join(dict.fromkeys(one.reason for one in told)) or "no route waits for it",
        _all_missing(one.missing for one in met),
        any(one.is_held for one in met),
        any(one.is_told for one in met),
    )


def missing(sight: Sight) -> tuple[str, ...]:
    """Return the expected views that did not come, in the order they are written."""
    return _missing(sight, sight.views)


def _missing(sight: Sight, words: frozenset[str]) -> tuple[str, ...]:
    seen = [view for view in map(view_of, words) if view is not None]
    expected = [view for view in map(view_of, sight.rule.views) if view is not None]
    if sight.is_unilateral and seen:
        sides = {view.side for view in seen}
        expected = [view for view in expected if view.side in sides]
    if sight.rule.implants == "both":
        expected += _displaced(expected, seen)
    gone = (
        word_of(view)
        for view in expected
        if not any(_is(one, view, sight.rule.implants) for one in seen)
    )
    never = (word for word in sight.rule.views if view_of(word) is None)
    return tuple(dict.fromkeys((*gone, *never)))


def _displaced(expected: Iterable[View], seen: Iterable[View]) -> list[View]:
    """Return what is expected besides of breasts with implants."""
    sides = {view.side for view in seen if view.has_implant}
    special = frozenset([DISPLACED])
    return [
        View(view.side, view.position, special)
        for view in expected
        if view.side in sides and view.is_usual
    ]


def _is(seen: View, expected: View, implants: str) -> bool:
    """Return whether the view `seen` is what is expected: repeats and details are not."""
    if seen.plain != expected.plain:
        return False
    if not expected.is_usual:
        return seen.special >= expected.special
    return seen.is_usual or (implants == "instead" and seen.is_displaced)


def _met(sight: Sight, study: Study, waiting_since: datetime, now: datetime) -> Verdict | None:
    gone, rule = missing(sight), sight.rule
    is_late = study.undecided < study.instances  # more came after the study was judged
    if rule.views and not gone and (not is_late or _missing(sight, sight.before)):
        return Verdict(_all_here(sight))
    reason = _waited(rule, study, waiting_since, now)
    if reason is None:
        return None
    if not gone or is_late:  # it was told, or asked for, when the study was judged
        return Verdict(reason)
    told = f"{reason}: {', '.join(gone)} did not come"
    return Verdict(told, gone, rule.then == "hold", rule.then == "notify")


def _all_here(sight: Sight) -> str:
    sides = {word[0] for word in sight.views if view_of(word) is not None}
    one = sight.is_unilateral and len(sides) == 1
    return f"{ALL_HERE}, of the {SIDES[sides.pop()]} breast alone" if one else ALL_HERE


def _waited(rule: Complete, study: Study, waiting_since: datetime, now: datetime) -> str | None:
    if (now - study.last_received_at).total_seconds() >= rule.quiet_s:
        return f"nothing came for {rule.quiet_s:g} s"
    if (now - waiting_since).total_seconds() >= rule.at_most_s:
        return f"the first image waited for {rule.at_most_s:g} s"
    return None


def _all_missing(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for one in several for word in one))
