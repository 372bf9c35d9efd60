"""Destinations as people look at them: what waits there, why, and whether they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.checks import Check
from service.console.desk import Desk
from service.console.person import Person
from service.errors import NodeError, UnknownError
from service.ledger.records import DeliveryState
from service.ledger.standing import Search

LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination of the routes in force, or one that is still owed something."""

    name: str
    address: str
    """Empty where the routes in force do not name it."""
    accepts: Sequence[str]
    owed: int
    parked: int
    sent: int
    unreachable: str
    """Why nothing can be sent there now; empty where nothing speaks against it."""
    tries_at: datetime | None
    """When the next is to be sent; None where nothing waits, or it is tried again and again."""


def destinations(desk: Desk) -> Sequence[Destination]:
    """Return all of them by name."""
    counts = desk.ledger.delivery_counts()
    known = {*desk.sources.destinations(), *(name for name, _ in counts)}
    return [_destination(desk, name, counts) for name in sorted(known)]


def echo(desk: Desk, person: Person, name: str) -> Check:
    """Ask that destination whether it is there, and note who asked.

    Raises:
        UnknownError: if the routes do not name it.
    """
    served = desk.sources.destinations().get(name)
    if served is None:
        raise UnknownError(f"the routes in force name no destination {name}")
    try:
        served.target.echo()
    except NodeError as error:
        found = Check(name, ok=False, detail=str(error))
    else:
        found = Check(name, ok=True, detail=f"{served.target} answers")
    desk.deeds.note(person, "destination.echo", name, "done" if found.ok else found.detail)
    return found


def _destination(desk: Desk, name: str, counts: Mapping[tuple[str, str], int]) -> Destination:
    served = desk.sources.destinations().get(name)
    written = desk.sources.routes().destinations.get(name)
    search = Search(state=DeliveryState.OWED, destination=name, limit=LOOKED_AT)
    waiting = [delivery for _, delivery in desk.ledger.found_deliveries(search)]
    untried = [each.error for each in waiting if each.error and not each.attempts]
    return Destination(
        name=name,
        address=str(served.target) if served is not None else "",
        accepts=sorted(written.accepts) if written is not None else (),
        owed=counts.get((name, DeliveryState.OWED), 0),
        parked=counts.get((name, DeliveryState.PARKED), 0),
        sent=counts.get((name, DeliveryState.SENT), 0),
        unreachable=untried[0] if untried else "",
        tries_at=None if untried else min((each.run_at for each in waiting), default=None),
    )
