"""Results that go back to who sent the image: pure questions."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from service.router.routes import SENDER, Destination, Route, Routes

GLOB = frozenset("*?[")


def destinations_for(route: Route, callers: Collection[str], routes: Routes) -> tuple[str, ...]:
    """Return the destinations of what `route` makes of images of those callers, by AE title."""
    there = routes.destinations
    found: dict[str, None] = {}
    for name in route.send_to:
        if name == SENDER and SENDER not in there:
            found |= dict.fromkeys(senders(callers, there))
        else:
            found[name] = None
    return tuple(found)


def unreturnable(route: Route, there: Mapping[str, Destination]) -> Iterator[str]:
    """Yield the AE titles that `route` names and that nothing could be sent back to."""
    if SENDER in route.send_to and SENDER not in there:
        for title in route.calling:
            if not GLOB & set(title) and not [*senders([title], there)]:
                yield title


def senders(callers: Iterable[str], there: Mapping[str, Destination]) -> Iterator[str]:
    """Yield the destinations that have the AE title of a caller."""
    titles = set(callers)
    return (name for name, one in there.items() if one.ae_title in titles)
