"""What is right in a `routes.toml`, but hardly meant."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.router.conditions import When, inner_conditions
from service.router.contradictions import Written
from service.router.examining import Remark, placed
from service.router.faults import Fault
from service.router.patterns import is_risky
from service.router.places import Location
from service.router.routes import SENDER
from service.router.toml import NoTomlError, read_toml


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


def _risks(where: Location, condition: When) -> Iterator[Fault]:
    for location, inner in inner_conditions(condition, where):
        if inner.regex is not None and is_risky(inner.regex):
            reason = "a text may keep it busy: it then fails, and the image does not take the route"
            yield Fault((*location, "regex"), reason)


def _send_to(table: Mapping[str, Any]) -> Iterator[str]:
    found = table.get("send_to")
    return (str(one) for one in found) if isinstance(found, list) else iter(())
