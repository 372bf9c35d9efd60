"""What is right in a `routes.toml`, but hardly meant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from service.ledger.views import view_of
from service.router.conditions import When, inner_conditions
from service.router.contradictions import Written
from service.router.examining import Remark, placed
from service.router.faults import Fault
from service.router.patterns import is_risky
from service.router.places import Location
from service.router.routes import SENDER
from service.router.toml import NoTomlError, read_toml
from service.router.unreachable import never_reached, why_no_image, why_no_study

_WHY_NONE: Mapping[str | int, Callable[[Sequence[When]], str]] = {
    "when": why_no_image,
    "study_when": why_no_study,
}
"""Who says of all conditions under a key together why they cannot be met."""


def oddities(text: str) -> list[Remark]:
    """Return what of `text` a person should look at again, though it is no mistake."""
    try:
        return placed(list(_oddities(Written(read_toml(text)))), text)
    except (NoTomlError, RecursionError):  # that is a mistake, and found as such
        return []


def _oddities(written: Written) -> Iterator[Fault]:
    """Yield what is right in itself, but hardly meant."""
    used = {name for _, table in written.route_tables for name in _send_to(table)}
    for name, there in written.destinations.items():
        may_be_sender = SENDER in used and there.ae_title
        if name not in used and not may_be_sender:
            yield Fault(("destinations", name), "no route names it: nothing is sent there")
    for where, several in written.conditions:
        for number, one in enumerate(several):
            if one is not None:
                yield from _risks((*where, number), one)
    yield from _unreachable(written)
    yield from _no_views(written)


def _unreachable(written: Written) -> Iterator[Fault]:
    for where, several in written.conditions:
        right = [one for one in several if one is not None]
        ask = _WHY_NONE.get(where[-1])
        if ask is not None and (why := ask(right)):
            yield Fault(where, f"nothing can take this route: {why}")
    for number, why in never_reached(written.routes):
        yield Fault(("routes", number, "fallback"), why)


def _no_views(written: Written) -> Iterator[Fault]:
    for number, route in written.routes.items():
        for index, word in enumerate(route.complete.views):
            if view_of(word) is None:
                reason = f"{word!r} is no view, and never comes: write such as 'RMLO' or 'LCC+ID'"
                yield Fault(("routes", number, "complete", "views"), reason, index)


def _risks(where: Location, condition: When) -> Iterator[Fault]:
    for location, inner in inner_conditions(condition, where):
        if inner.regex is not None and is_risky(inner.regex):
            reason = "a text may keep it busy: it then fails, and the image does not take the route"
            yield Fault((*location, "regex"), reason)


def _send_to(table: Mapping[str, Any]) -> Iterator[str]:
    found = table.get("send_to")
    return (str(one) for one in found) if isinstance(found, list) else iter(())
