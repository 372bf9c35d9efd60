"""What a router remembers between two looks; all of it can be found out again."""

from collections.abc import Callable, Collection

from service.router.routes import Routes
from service.router.sight import Sights


class Memory:
    """What was seen of studies that wait, and the version of the routes in force."""

    def __init__(self) -> None:
        self.sights = Sights()
        self._routes: Routes | None = None
        self._version = 0

    def is_new(self, routes: Routes) -> bool:
        """Return whether `routes` are others than those whose version was asked for last."""
        return routes is not self._routes

    def version(self, routes: Routes, keep: Callable[[str], int]) -> int:
        """Return the version of `routes`; `keep` writes their text down and returns it.

        It is 0 for routes that were never a text.
        """
        if routes is not self._routes:
            self._version = keep(routes.text) if routes.text else 0
            self._routes = routes
        return self._version

    def forget(self, routes: Routes, waiting: Collection[str]) -> None:
        """Forget what was seen under other routes, and of studies that do not wait."""
        self.sights.forget(routes, waiting)
