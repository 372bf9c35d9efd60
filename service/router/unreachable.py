"""Conditions that nothing can meet, and routes that nothing can come to: pure questions.

They say so only where it is sure for every image that keeps to the standard.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice, product

from service.router.conditions import AllOf, AnyOf, Condition, Not, When
from service.router.failing import failures
from service.router.routes import Route

MOST_WAYS = 256
"""Ways in which conditions may be met that are looked at; where there are more nothing is said."""

Way = tuple[Condition, ...]
"""Conditions on single attributes that together make others hold."""


def why_no_image(conditions: Sequence[When]) -> str:
    """Return why no image can meet all of `conditions`; nothing if one might."""
    return _why_none(
        [list(islice(_ways(AllOf.model_construct(all=tuple(conditions))), MOST_WAYS + 1))]
    )


def why_no_study(conditions: Sequence[When]) -> str:
    """Return why no study can meet all of `conditions`; nothing if one might.

    Each may be met by another image, so each stands for itself.
    """
    ways = [list(islice(_ways(one), MOST_WAYS + 1)) for one in conditions]
    alone = [[(one,) for one in way] for several in ways if len(several) == 1 for way in several]
    return _why_none([[way] for several in alone for way in several])


def never_reached(routes: Mapping[int, Route]) -> Iterator[tuple[int, str]]:
    """Yield the numbers of fall-back routes that other routes leave nothing to, and why."""
    everything = [one for one in routes.values() if _takes_everything(one)]
    for number, route in routes.items():
        if not _is_fallback(route):
            continue
        names = [_covering(glob, everything) for glob in route.calling]
        if all(names):
            said = " and ".join(dict.fromkeys(names))
            yield number, f"nothing is left for this route: {said} takes every image"


def _is_fallback(route: Route) -> bool:
    return bool(getattr(route, "fallback", False))


def _takes_everything(route: Route) -> bool:
    limited = "limits" in route.model_fields_set
    return not (route.when or route.study_when or limited or _is_fallback(route))


def _covering(glob: str, routes: Iterable[Route]) -> str:
    """Return the name of a route that all AE titles like `glob` may use; nothing if none is."""
    plain = not set(glob) & set("*?[")
    found = (
        one.name
        for one in routes
        for other in one.calling
        if other in {"*", glob} or (plain and fnmatchcase(glob, other))
    )
    return next(found, "")


def _why_none(several: Iterable[Sequence[Way]]) -> str:
    """Return why one of several questions cannot be met in any of its ways."""
    for ways in several:
        reasons = [_contradiction(way) for way in ways]
        if 0 < len(reasons) <= MOST_WAYS and "" not in reasons:
            return reasons[0]
    return ""


def _ways(condition: When) -> Iterator[Way]:
    """Yield each way in which `condition` can be met."""
    if isinstance(condition, AnyOf):
        for one in condition.any:
            yield from _ways(one)
    elif isinstance(condition, AllOf):
        parts = [list(islice(_ways(one), MOST_WAYS + 1)) for one in condition.all]
        for several in product(*parts):
            yield tuple(test for way in several for test in way)
    elif isinstance(condition, Not):
        yield from _ways_not(condition.inner)
    else:
        yield (condition,)


def _ways_not(condition: When) -> Iterator[Way]:
    """Yield each way in which `condition` can fail."""
    if isinstance(condition, Not):
        yield from _ways(condition.inner)
    elif isinstance(condition, AnyOf):
        yield from _ways(AllOf.model_construct(all=_negated(condition.any)))
    elif isinstance(condition, AllOf):
        yield from _ways(AnyOf.model_construct(any=_negated(condition.all)))
    else:
        yield from _opposites(condition)


def _negated(conditions: Iterable[When]) -> tuple[When, ...]:
    return tuple(Not.model_construct(inner=one) for one in conditions)


def _opposites(condition: Condition) -> Iterator[Way]:
    """Yield what holds where a test of `condition` fails: nothing is known of those of likeness."""
    opposite = {"any_of": "none_of", "none_of": "any_of"}
    for test in sorted(condition.model_fields_set - {"keyword"}):
        if test in opposite:
            tests = {opposite[test]: getattr(condition, test)}
            yield (Condition.model_validate({"keyword": condition.keyword, **tests}),)
        elif test == "present":
            tests = {"present": not condition.present}
            yield (Condition.model_validate({"keyword": condition.keyword, **tests}),)
        else:
            yield ()


def _contradiction(way: Way) -> str:
    """Return the attribute of which no value can be what is asked of it; nothing if none is."""
    for keyword in dict.fromkeys(one.keyword for one in way):
        asked = [one for one in way if one.keyword == keyword]
        if _cannot_hold(asked):
            return f"no value of {keyword} can be all that is asked of it"
    return ""


def _cannot_hold(asked: Sequence[Condition]) -> bool:
    """Return whether no values of one attribute meet all of `asked`."""
    if any(one.present is False for one in asked) and any(map(_needs_value, asked)):
        return True
    single = asked[0].attribute.has_one_value
    judges = list(asked) if single else [_exclusion(one) for one in asked]
    for one in asked:
        if one.any_of is not None and not any(_passes(value, judges) for value in one.any_of):
            return True
    return single and _is_empty_range(asked)


def _exclusion(condition: Condition) -> Condition:
    """Return what each of several values must meet: that none of them is excluded."""
    return condition.model_copy(
        update=dict.fromkeys(("any_of", "matches", "regex", "min", "max", "present"))
    )


def _needs_value(condition: Condition) -> bool:
    asked = (condition.any_of, condition.matches, condition.regex, condition.min, condition.max)
    return condition.present is True or any(one is not None for one in asked)


def _passes(value: str, judges: Iterable[Condition]) -> bool:
    return not any(next(failures(judge, [value]), "") for judge in judges)


def _is_empty_range(asked: Sequence[Condition]) -> bool:
    least = max((one.min for one in asked if one.min is not None), default=float("-inf"))
    greatest = min((one.max for one in asked if one.max is not None), default=float("inf"))
    return least > greatest
