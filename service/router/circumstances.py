"""What of a study as a whole, and of the moment, bears on what its images become."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydicom import Dataset

from service.ledger.records import Instance, Job
from service.router.limits import HOUR, Begin, begin, over
from service.router.match import study_why_not
from service.router.routes import Route
from service.router.sight import Takers
from service.router.values import Show, discreet

Headers = Sequence[tuple[Instance, Dataset]]
"""What came of a study and can be read."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of one study at one moment; the mappings are by the names of routes."""

    closed: Mapping[str, str] = field(default_factory=dict)
    """Why a route does not apply to the study."""
    over: Mapping[str, str] = field(default_factory=dict)
    """Why a route takes nothing of it although it applies."""
    begins: Mapping[str, Begin] = field(default_factory=dict)
    """When its work begins, where that is not at once."""
    rerun: int = 0
    """How many sets of jobs were made of it before."""
    routes_version: int = 0


def closed(routes: Iterable[Route], headers: Headers, show: Show = discreet) -> Mapping[str, str]:
    """Return why routes do not apply to the study of these headers, by their names."""
    several = [header for _, header in headers]
    found = {one.name: study_why_not(one, several, show) for one in routes if one.study_when}
    return {name: why for name, why in found.items() if why}


def over_limits(routes: Iterable[Route], headers: Headers, takers: Takers) -> Mapping[str, str]:
    """Return why routes take nothing of a study of which there is too much, by their names."""
    limited = [one for one in routes if one.limits.images or one.limits.mb]
    if not limited:
        return {}
    taken = [(one, takers.taken(header, one.calling_ae_title)) for one, header in headers]
    found = {
        route.name: over(route.limits, [one for one, routes in taken if route in routes])
        for route in limited
    }
    return {name: why for name, why in found.items() if why}


def begins(
    routes: Iterable[Route],
    begun: Callable[[str, datetime], Sequence[datetime]],
    now: datetime,
) -> Mapping[str, Begin]:
    """Return when routes with hours or a limit per hour begin a study, by their names.

    `begun` says of a route when other studies began, or will, from a moment on.
    """
    found: dict[str, Begin] = {}
    for route in routes:
        limited = route.limits.studies_per_hour is not None
        if route.hours or limited:
            found[route.name] = begin(route, begun(route.name, now - HOUR) if limited else (), now)
    return found


def rerun_of(known: Iterable[Job]) -> int:
    """Return which set of jobs the next one of a study is, if it has `known` ones."""
    return max((job.rerun + 1 for job in known), default=0)
