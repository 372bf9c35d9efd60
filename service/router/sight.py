"""What each route sees of a study that is not judged yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydicom import Dataset

from service.errors import BadObjectError
from service.ledger.records import Instance, Study
from service.router.complete import Sight
from service.router.match import failure
from service.router.routes import Route, Routes


class Takers(Protocol):
    """Says which routes an image takes."""

    def taken(self, header: Dataset, calling_ae_title: str) -> Sequence[Route]:
        """Return the routes that an image takes, in the order they are written."""
        ...


class Headers(Protocol):
    """Gives headers of what was received."""

    def header(self, sop_instance_uid: str, version: str = "") -> Dataset:
        """Return that instance without its pixels."""
        ...


class Arrivals(Protocol):
    """Tells what came of a study."""

    def instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what was received of that study, in the order it came."""
        ...

    def undecided_instances(self, study_instance_uid: str) -> Sequence[Instance]:
        """Return what of that study is not judged yet, in the order it came."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """How studies are looked at."""

    arrivals: Arrivals
    headers: Headers
    takers: Takers


@dataclass(frozen=True, slots=True)
class Waiting:
    """A study that is not judged yet."""

    since: datetime
    """When the first image came that is not judged."""
    sights: Sequence[Sight]
    """What each route sees of it that its sender may use."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is kept of a header that was looked at."""

    taken: frozenset[str]
    """The names of the routes that the image takes."""
    unilateral: frozenset[str]
    """The names of those that it tells that its study is of one breast."""


Glances = Mapping[tuple[str, str], tuple[str, Glance]]
"""The view of each image, and what was seen of it, by its UID and version."""


State = tuple[int, int, int, datetime]


class Sights:
    """Looks at each header once, as long as its study waits and the routes stay as they are."""

    def __init__(self) -> None:
        self._routes: Routes | None = None
        self._glances: dict[str, dict[tuple[str, str], Glance]] = {}
        self._found: dict[str, tuple[State, Waiting]] = {}

    def forget(self, routes: Routes, waiting: Collection[str]) -> None:
        """Forget all if `routes` are others than before, else all studies but those `waiting`."""
        if routes is not self._routes:
            self._routes, self._glances, self._found = routes, {}, {}
        self._glances = {uid: one for uid, one in self._glances.items() if uid in waiting}
        self._found = {uid: one for uid, one in self._found.items() if uid in waiting}

    def of_study(self, study: Study, routes: Sequence[Route], look: Look) -> Waiting | None:
        """Return what each of `routes` sees of `study`; None if another has judged it by now.

        Raises:
            UnavailableError: if the ledger is, or a header cannot be read now.
        """
        uid, state = study.study_instance_uid, _state(study)
        known = self._found.get(uid)
        if known is not None and known[0] == state:
            return known[1]
        undecided = look.arrivals.undecided_instances(uid)
        if not undecided:
            return None
        found = Waiting(undecided[0].received_at, self._sights(undecided, routes, look))
        self._found[uid] = state, found
        return found

    def _sights(
        self, undecided: Sequence[Instance], routes: Sequence[Route], look: Look
    ) -> list[Sight]:
        if not any(route.complete.views for route in routes):
            return [Sight(route.complete) for route in routes]
        kept = look.arrivals.instances(undecided[0].study_instance_uid)
        waiting = {(one.sop_instance_uid, one.version) for one in undecided}
        glances = {
            (one.sop_instance_uid, one.version): (one.view, self._glance(one, routes, look))
            for one in kept
        }
        return [_sight(route, glances, waiting) for route in _concerned(routes, glances)]

    def _glance(self, instance: Instance, routes: Sequence[Route], look: Look) -> Glance:
        known = self._glances.setdefault(instance.study_instance_uid, {})
        key = (instance.sop_instance_uid, instance.version)
        if key not in known:
            known[key] = _looked(instance, routes, look)
        return known[key]


def _state(study: Study) -> State:
    """Return what changes when anything comes of `study`, or is judged."""
    return study.instances, study.undecided, study.versions, study.last_received_at


def _looked(instance: Instance, routes: Sequence[Route], look: Look) -> Glance:
    if instance.removed_at is not None:  # it was judged long ago: nobody knows by whom
        return Glance(frozenset(route.name for route in routes), frozenset())
    try:
        header = look.headers.header(instance.sop_instance_uid, instance.version)
        taken = look.takers.taken(header, instance.calling_ae_title)
        unilateral = [route for route in taken if _tells_of_one_breast(route, header)]
    except BadObjectError:
        return Glance(frozenset(), frozenset())
    return Glance(
        frozenset(route.name for route in taken), frozenset(route.name for route in unilateral)
    )


def _tells_of_one_breast(route: Route, header: Dataset) -> bool:
    rule = route.complete
    return rule.unilateral or any(not failure(one, header) for one in rule.unilateral_when)


def _concerned(routes: Sequence[Route], glances: Glances) -> Sequence[Route]:
    """Return `routes` without the fall-back ones that nothing is left to: they wait for nobody."""
    seen = {name for _, glance in glances.values() for name in glance.taken}
    found = [route for route in routes if not route.fallback or route.name in seen]
    return found or routes


def _sight(
    route: Route,
    glances: Glances,
    waiting: Collection[tuple[str, str]],
) -> Sight:
    seen = {key: one for key, one in glances.items() if route.name in one[1].taken}
    return Sight(
        route.complete,
        frozenset(view for view, _ in seen.values()),
        frozenset(view for key, (view, _) in seen.items() if key not in waiting),
        any(route.name in glance.unilateral for _, glance in seen.values()),
    )
