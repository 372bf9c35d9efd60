"""Which routes an image takes, and why it does not take the others: a pure question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.multival import MultiValue

from service.errors import BadObjectError
from service.ledger.reading import UNREADABLE
from service.router.routes import NUMBERS, Condition, Route

PATIENT_GROUP = 0x0010
CODED = NUMBERS | {"CS", "UI"}
"""Value representations that hold no free text."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whether an image takes a route."""

    route: Route
    why_not: str
    """The first thing that stands against it, in words; empty if it is taken."""


def matches(routes: Iterable[Route], header: Dataset, calling_ae_title: str) -> list[Match]:
    """Return for each route, in the order they were written, whether the image takes it.

    Raises:
        BadObjectError: if a value that a route asks for cannot be read.
    """
    return [Match(route, why_not(route, header, calling_ae_title)) for route in routes]


def why_not(route: Route, header: Dataset, calling_ae_title: str) -> str:
    """Return what stands against `route` for an image; nothing if nothing does."""
    if not may_use(route, calling_ae_title):
        return f"{calling_ae_title} is not among the AE titles that may use it"
    return next(filter(None, (failure(condition, header) for condition in route.when)), "")


def may_use(route: Route, calling_ae_title: str) -> bool:
    """Tell whether that AE title may use `route`; case matters, as in DICOM."""
    return any(fnmatchcase(calling_ae_title, pattern) for pattern in route.calling)


def failure(condition: Condition, header: Dataset) -> str:
    """Return which test of `condition` fails; of several values one that passes is enough.

    An absent or empty attribute passes `none_of` and fails everything else.
    """
    found = values(header, condition.keyword)
    told = f"{condition.keyword} is {_shown(condition.keyword, found)}"
    if condition.any_of is not None and not set(found) & set(condition.any_of):
        return f"{told}, not {' or '.join(condition.any_of)}"
    if condition.none_of is not None and set(found) & set(condition.none_of):
        return f"{told}, which is excluded"
    if condition.matches is not None and not any(fnmatchcase(v, condition.matches) for v in found):
        return f"{told}, not like {condition.matches}"
    if not _in_range(condition, found):
        return f"{told}, not {_range(condition)}"
    return ""


def values(header: Dataset, keyword: str) -> Sequence[str]:
    """Return the values of an attribute as texts without blanks around; none if it is absent.

    Raises:
        BadObjectError: if they are no values of its VR.
    """
    try:
        value = header.get(keyword)
    except UNREADABLE:
        raise BadObjectError(f"the value of {keyword} cannot be read") from None
    several = value if isinstance(value, MultiValue | list) else [value]
    texts = (str(one).strip(" \0") for one in several if one is not None)
    return [text for text in texts if text]


def _shown(keyword: str, found: Sequence[str]) -> str:
    """Return `found` for a reason that people read; nothing that may tell of a patient."""
    tag = tag_for_keyword(keyword) or 0
    if found and (tag >> 16 == PATIENT_GROUP or dictionary_VR(tag) not in CODED):
        return "something else"
    return " and ".join(found) or "absent"


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
