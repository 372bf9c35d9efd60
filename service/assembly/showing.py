"""What the console and the API show."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property

from service.assembly.sending import Sending
from service.assembly.watching import Watching
from service.checks import run_checks
from service.clock import now
from service.console.deeds import Deeds
from service.console.desk import Desk, Images, Sources
from service.console.door import Door, Times
from service.console.oidc_made import provider_of
from service.console.remembered import Remembered
from service.console.render import make_pages
from service.console.routes_desk import RoutesDesk
from service.console.shelf import Figures, figures
from service.models import Versions
from service.router.judge import Judge
from service.tiles.album import Album, Room

CHECKS_S, COUNTS_S, SHELF_S = 5.0, 1.0, 60.0
"""How long the console's answers hold: what is amiss, how much there is, what is on the shelf."""


class Showing(Sending, Watching):
    """What the console and the API show."""

    def desk(self) -> Desk:
        """Make what the console and the API look at and act by."""
        settings = self.settings
        times = Times(
            timedelta(minutes=settings.console.idle_minutes),
            timedelta(hours=settings.console.session_hours),
        )
        door = Door(self.quick_ledger, times, now)
        return Desk(
            ledger=self.quick_ledger,
            door=door,
            deeds=Deeds(self.deeds_ledger, door.passwords, now, door.by_name),
            pages=make_pages(),
            sources=Sources(
                destinations=self.destinations,
                routes=self.routes.current,
                routes_error=lambda: self.routes.error,
                checks=Remembered(lambda: run_checks(self.readiness.checks()), CHECKS_S),
                free_bytes=self.received.free_bytes,
                models=Remembered(lambda: [*self.shelved()], SHELF_S),
                overview=Remembered(self.quick_ledger.overview, COUNTS_S),
            ),
            routes=RoutesDesk(
                path=settings.routes_file,
                pipelines=self.pipelines,
                own=self.own_door,
                received=self.received,
                judge=lambda routes: Judge(routes, self.pipelines, Versions(self.pipelines), now()),
                versions_kept=settings.retention.routes_versions,
            ),
            images=Images(self.received, self.results, self.album),
            now=now,
            provider=provider_of(settings),
        )

    def shelved(self) -> Iterator[Figures]:
        """Return the models on the shelves, and how they fared where they were verified."""
        settings = self.settings
        return figures(settings.shelves, settings.plans, self.quick_ledger.verifications())

    @cached_property
    def album(self) -> Album:
        """The images that people look at in the console, ready to be shown."""
        most = self.settings.console.viewer_mb * 1_000_000
        return Album(self.data / "viewer", Room(most, self.low_water, self.received.free_bytes))
