"""What stands against one condition on one attribute of one image: a pure question."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pydicom import Dataset

from service.router.conditions import Condition
from service.router.patterns import why_not_found
from service.router.values import Show, values


def failure_of(condition: Condition, header: Dataset, show: Show) -> str:
    """Return which test of `condition` fails; of several values one that passes is enough.

    An absent or empty attribute passes `none_of` and ``present = false`` and fails everything else.

    Raises:
        BadObjectError: if its values cannot be read.
    """
    found = values(header, condition.attribute)
    told = f"{condition.keyword} is {show(condition.attribute, found)}"
    return next((f"{told}, {why}" for why in failures(condition, found)), "")


def seen(condition: Condition, header: Dataset, show: Show) -> str:
    """Return what `condition` looks at, in words."""
    return (
        f"{condition.keyword} is {show(condition.attribute, values(header, condition.attribute))}"
    )


def failures(condition: Condition, found: Sequence[str]) -> Iterator[str]:
    """Yield what of `condition` the values `found` fail."""
    if condition.present is not None and condition.present != bool(found):
        yield "and must be there" if condition.present else "and must not be there"
    if condition.any_of is not None and not set(found) & set(condition.any_of):
        yield f"not {' or '.join(condition.any_of)}"
    if condition.none_of is not None and set(found) & set(condition.none_of):
        yield "which is excluded"
    if condition.matches is not None and not any(fnmatchcase(v, condition.matches) for v in found):
        yield f"not like {condition.matches}"
    if condition.regex is not None and (why := why_not_found(condition.regex, found)):
        yield why
    if not _in_range(condition, found):
        yield f"not {_range(condition)}"


def _in_range(condition: Condition, found: Sequence[str]) -> bool:
    if condition.min is None and condition.max is None:
        return True
    least = float("-inf") if condition.min is None else condition.min
    greatest = float("inf") if condition.max is None else condition.max
    return any(least <= number <= greatest for number in map(_number, found))


def _number(text: str) -> float:
    """Return `text` as a number; what is none is within no range."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _range(condition: Condition) -> str:
    if condition.max is None:
        return f"at least {condition.min:g}"
    if condition.min is None:
        return f"at most {condition.max:g}"
    return f"from {condition.min:g} to {condition.max:g}"
