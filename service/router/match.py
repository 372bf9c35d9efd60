"""Which routes an image takes, and why it does not take the others: a pure question."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydicom import Dataset

from service.errors import BadObjectError
from service.ledger.canary import AE_TITLE as CANARY
from service.ledger.canary import ROUTE as CANARY_ROUTE
from service.router.conditions import AllOf, AnyOf, Condition, Not, When
from service.router.failing import failure_of, seen
from service.router.routes import Route
from service.router.values import Show, discreet


@dataclass(frozen=True, slots=True)
class Match:
    """Whether an image takes a route."""

    route: Route
    why_not: str
    """The first thing that stands against it, in words; empty if it is taken."""


def matches(
    routes: Iterable[Route], header: Dataset, calling_ae_title: str, show: Show = discreet
) -> list[Match]:
    """Return for each route, in the order they were written, whether the image takes it.

    Raises:
        BadObjectError: if a value that a route asks for cannot be read.
    """
    return [
        Match(route, why_not(route, header, calling_ae_title, show))
        for route in routes
        if is_for(route, calling_ae_title)
    ]


def why_not(route: Route, header: Dataset, calling_ae_title: str, show: Show = discreet) -> str:
    """Return what stands against `route` for an image; nothing if nothing does."""
    if not may_use(route, calling_ae_title):
        return f"{calling_ae_title} is not among the AE titles that may use it"
    return next(filter(None, (failure(one, header, show) for one in route.when)), "")


def may_use(route: Route, calling_ae_title: str) -> bool:
    """Tell whether that AE title may use `route`; case matters, as in DICOM."""
    named = any(fnmatchcase(calling_ae_title, pattern) for pattern in route.calling)
    return named and is_for(route, calling_ae_title)


def is_for(route: Route, calling_ae_title: str) -> bool:
    """Tell canaries and patients apart: neither ever takes a route of the other."""
    return (calling_ae_title == CANARY) == (route.name == CANARY_ROUTE)


def failure(condition: When, header: Dataset, show: Show = discreet) -> str:
    """Return what stands against `condition` for an image; nothing if it holds.

    Raises:
        BadObjectError: if a value that it asks for cannot be read.
    """
    return _failure(condition, _Image(header, show))


def study_why_not(route: Route, headers: Sequence[Dataset], show: Show = discreet) -> str:
    """Return what stands against `route` for a study of images with these headers."""
    return next(filter(None, (study_failure(one, headers, show) for one in route.study_when)), "")


def study_failure(condition: When, headers: Sequence[Dataset], show: Show = discreet) -> str:
    """Return why `condition` does not hold for a study: it must for at least one of its images.

    What is in `not` holds for none of them. An image whose value cannot be read
    does not make it hold.
    """
    return _failure(condition, _Study(headers, show))


@dataclass(frozen=True, slots=True)
class _Image:
    """What conditions look at: one image."""

    header: Dataset
    show: Show

    def failure(self, condition: Condition) -> str:
        return failure_of(condition, self.header, self.show)

    def seen(self, condition: Condition) -> str:
        return seen(condition, self.header, self.show)


@dataclass(frozen=True, slots=True)
class _Study:
    """What conditions look at: all images of a study."""

    headers: Sequence[Dataset]
    show: Show

    def failure(self, condition: Condition) -> str:
        failures = [self._failure(condition, header) for header in self.headers]
        if "" in failures:
            return ""
        return f"on no image: {'; '.join(dict.fromkeys(failures)) or 'none can be read'}"

    def seen(self, condition: Condition) -> str:
        holds = (one for one in self.headers if not self._failure(condition, one))
        return next((seen(condition, one, self.show) for one in holds), condition.keyword)

    def _failure(self, condition: Condition, header: Dataset) -> str:
        try:
            return failure_of(condition, header, self.show)
        except BadObjectError as error:
            return str(error)


def _failure(condition: When, there: _Image | _Study) -> str:
    if isinstance(condition, Condition):
        return there.failure(condition)
    if isinstance(condition, Not):
        return "" if _failure(condition.inner, there) else _excluded(condition.inner, there)
    if isinstance(condition, AllOf):
        return next(filter(None, (_failure(one, there) for one in condition.all)), "")
    failures = [_failure(one, there) for one in condition.any]
    return "" if "" in failures else f"none of these holds ({'; '.join(failures)})"


def _excluded(condition: When, there: _Image | _Study) -> str:
    return f"{' and '.join(_holding(condition, there))}, which is excluded"


def _holding(condition: When, there: _Image | _Study) -> Iterator[str]:
    """Yield what makes `condition` hold."""
    if isinstance(condition, Condition):
        yield there.seen(condition)
    elif isinstance(condition, Not):
        yield _failure(condition.inner, there)
    elif isinstance(condition, AnyOf):
        yield from _holding(next(one for one in condition.any if not _failure(one, there)), there)
    else:
        for one in condition.all:
            yield from _holding(one, there)
