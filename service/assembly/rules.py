"""What the clinic wants: its routes, and what follows from them."""

import socket
from collections.abc import Collection
from functools import cached_property

from pipelines.catalogue import DEFAULT
from pipelines.kinds import USUAL, Kind
from service.assembly.recipes import Recipes
from service.errors import BadConfigurationError
from service.router.routes_file import OwnDoor, RoutesFile


class Rules(Recipes):
    """The routes, and what follows from them."""

    @cached_property
    def routes(self) -> RoutesFile:
        """The clinic's routes, as they are now."""
        path = self.settings.routes_file
        if not path.is_file():
            raise BadConfigurationError(
                f"{path}: no such file; it says who may send and where results go: "
                "begin with deploy/routes.toml, see docs/routes.md"
            )
        return RoutesFile(path, self.pipelines, self.own_door)

    @property
    def own_door(self) -> OwnDoor:
        """Where this node listens, as far as it knows its names."""
        dicom, here = self.settings.dicom, socket.gethostname().lower()
        hosts = {"localhost", "127.0.0.1", "::1", "0.0.0.0", here, dicom.host.lower()}  # noqa: S104
        return OwnDoor(dicom.ae_title, hosts, dicom.port)

    def in_use(self) -> list[str]:
        """Return the pipelines of the routes in force, and the one that is always there."""
        try:
            routes = self.routes.current().routes
        except BadConfigurationError:  # the node says so: here it is enough to work
            routes = ()
        return list(dict.fromkeys([DEFAULT.name, *(one for r in routes for one in r.pipelines)]))

    def accepts(self, destination: str) -> Collection[Kind]:
        """Return the kinds of results that a destination of the routes in force is sent."""
        found = self.routes.current().destinations.get(destination)
        return found.accepts if found is not None else USUAL

    def committing(self) -> Collection[str]:
        """Return the destinations in force that are to commit themselves to storage."""
        there = self.routes.current().destinations
        return [name for name, one in there.items() if one.storage_commitment]

    def look_at_routes(self) -> None:
        """Measure whether the routes on the disk are in force."""
        self.routes.current()
        self.metrics.reload_ok(self.routes.reload_ok)

    def routes_error(self) -> str:
        """Return why the routes on the disk are not in force, empty if they are."""
        self.routes.current()
        return self.routes.error
