"""What the console and the API look at and act by: one of each for both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.checks import Check
from service.console.deeds import Deeds
from service.console.door import Door
from service.console.oidc import Provider
from service.console.render import Pages
from service.console.routes_desk import RoutesDesk
from service.console.shelf import Figures
from service.delivery.target import Served
from service.ledger.ledger import Ledger
from service.ledger.spool import Spool
from service.ledger.standing import Overview
from service.router.routes import Routes
from service.tiles.album import Album


@dataclass(frozen=True)
class Sources:
    """Where answers come from that the ledger does not have."""

    destinations: Callable[[], Mapping[str, Served]]
    routes: Callable[[], Routes]
    """Those in force."""
    routes_error: Callable[[], str]
    """Why those on the disk are not in force; empty if they are."""
    checks: Callable[[], Sequence[Check]]
    free_bytes: Callable[[], int]
    models: Callable[[], Sequence[Figures]]
    overview: Callable[[], Overview]


@dataclass(frozen=True)
class Images:
    """Where the bytes of images lie, and what of them is ready to be looked at."""

    received: Spool
    results: Spool
    album: Album


@dataclass(frozen=True)
class Desk:
    """Everything that an endpoint may need."""

    ledger: Ledger
    door: Door
    deeds: Deeds
    pages: Pages
    sources: Sources
    routes: RoutesDesk
    images: Images
    now: Callable[[], datetime]
    provider: Provider | None = None
    """By which people may sign in too."""
