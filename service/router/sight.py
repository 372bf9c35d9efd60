"""What each route sees of a study that is not judged yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydicom import Dataset

from service.errors import BadObjectError
from service.ledger.records import Instance
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


@dataclass(frozen=True, slots=True)
class Look:
    """How an image is looked at."""

    headers: Headers
    takers: Takers


@dataclass(frozen=True, slots=True)
class Glance:
    """What is kept of a header that was looked at."""

    taken: frozenset[str]
    """The names of the routes that the image takes."""
    unilateral: frozenset[str]
    """The names of those that it tells that its study is of one breast."""


class Sights:
    """Looks at each header once, as long as its study waits and the routes stay as they are."""

    def __init__(self) -> None:
        self._routes: Routes | None = None
        self._glances: dict[str, dict[tuple[str, str], Glance]] = {}

    def forget(self, routes: Routes, waiting: Collection[str]) -> None:
        """Forget all if `routes` are others than before, else all studies but those `waiting`."""
        if routes is not self._routes:
            self._routes, self._glances = routes, {}
        self._glances = {uid: one for uid, one in self._glances.items() if uid in waiting}

    def of_study(
        self,
        routes: Sequence[Route],
        kept: Sequence[Instance],
        undecided: Collection[Instance],
        look: Look,
    ) -> list[Sight]:
        """Return what each of `routes` sees of the study of which all of `kept` came.

        Raises:
            UnavailableError: if a header cannot be read now.
        """
        if not any(route.complete.views for route in routes):
            return [Sight(route.complete) for route in routes]
        waiting = {(one.sop_instance_uid, one.version) for one in undecided}
        glances = {
            (one.sop_instance_uid, one.version): (one.view, self._glance(one, routes, look))
            for one in kept
        }
        return [_sight(route, glances, waiting) for route in routes]

    def _glance(self, instance: Instance, routes: Sequence[Route], look: Look) -> Glance:
        known = self._glances.setdefault(instance.study_instance_uid, {})
        key = (instance.sop_instance_uid, instance.version)
        if key not in known:
            known[key] = _looked(instance, routes, look)
        return known[key]


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


def _sight(
    route: Route,
    glances: Mapping[tuple[str, str], tuple[str, Glance]],
    waiting: Collection[tuple[str, str]],
) -> Sight:
    seen = {key: one for key, one in glances.items() if route.name in one[1].taken}
    return Sight(
        route.complete,
        frozenset(view for view, _ in seen.values()),
        frozenset(view for key, (view, _) in seen.items() if key not in waiting),
        any(route.name in glance.unilateral for _, glance in seen.values()),
    )
