"""The way of canaries: a route of their own beside those of the clinic, and nobody else's."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from pipelines.catalogue import DEFAULT
from service.delivery.peer import Address, Peer
from service.delivery.target import Served
from service.errors import UnavailableError
from service.ledger.canary import AE_TITLE, DESTINATION, ROUTE, CanaryRun
from service.networks import IpNetwork, network
from service.router.routes import Complete, Route, Routes

VIEW: Final = "LCC"
PIPELINE = DEFAULT.name

CANARY_ROUTE = Route(
    name="canary",
    calling=(AE_TITLE,),
    complete=Complete(views=(VIEW,), quiet_s=5),
    pipelines=(PIPELINE,),
    send_to=(DESTINATION,),
    priority="urgent",
).model_copy(update={"name": ROUTE})


class Beside:
    """Gives the routes in force with that of canaries beside them; the same ones for the same."""

    def __init__(self, routes: Callable[[], Routes]) -> None:
        self._routes = routes
        self._last: tuple[Routes, Routes] | None = None

    def __call__(self) -> Routes:
        """Return them as they are now."""
        current = self._routes()
        last = self._last
        if last is None or last[0] is not current:
            both = current.model_copy(update={"routes": (*current.routes, CANARY_ROUTE)})
            last = self._last = (current, both)
        return last[1]


class Open(Protocol):
    """Where the canary under way is looked up."""

    def open_canary(self) -> CanaryRun | None:
        """Return the one under way."""
        ...


def receiver_of(ledger: Open, calling_ae_title: str) -> dict[str, Served]:
    """Return where the results of the canary under way go, by name; nothing without one."""
    try:
        run = ledger.open_canary()
    except UnavailableError:  # who sends will say so
        return {}
    if run is None:
        return {}
    peer = Peer(Address(AE_TITLE, run.host, run.port), calling_ae_title)
    return {DESTINATION: Served(peer, associations=1)}


def allowed(networks: Sequence[IpNetwork], host: str) -> tuple[IpNetwork, ...]:
    """Return where canaries may come from: `networks`, and the node's own address."""
    try:
        own = network(host)
    except ValueError:  # it is a name
        return tuple(networks)
    return (*networks, own) if networks else ()
