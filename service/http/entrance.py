"""Who may come in by HTTP now, and how many at a time."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus

from service.errors import BadConfigurationError, NodeError
from service.http.tokens import Tokens
from service.networks import IpNetwork, is_within

logger = logging.getLogger(__name__)

MOST_FAILURES = 10
"""Wrong tokens from one address within a window; after that even a right one must wait."""
WINDOW_S = 60.0
MOST_ADDRESSES = 1000
RETRY_S = 30
"""What a client that cannot be served now is asked to wait."""


class TurnedAwayError(NodeError):
    """A request is not served; the message says why, and what to do."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Failures:
    """Counts wrong tokens by address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """When the window of an address began, and how many there were."""

    def are_too_many(self, address: str) -> bool:
        """Tell whether that address must wait."""
        with self._lock:
            return self._count(address)[1] >= MOST_FAILURES

    def add(self, address: str) -> bool:
        """Count one more; return whether it is the first of its window."""
        with self._lock:
            begun, count = self._count(address)
            self._seen[address] = (begun, count + 1)
            self._seen.move_to_end(address)
            if len(self._seen) > MOST_ADDRESSES:
                self._seen.popitem(last=False)
            return count == 0

    def _count(self, address: str) -> tuple[float, int]:
        now = self._clock()
        begun, count = self._seen.get(address, (now, 0))
        return (begun, count) if now - begun < WINDOW_S else (now, 0)


@dataclass(frozen=True)
class Entrance:
    """The door's rules."""

    tokens: Tokens | None
    """None: nobody may come."""
    callers: Callable[[], Collection[tuple[str, Collection[IpNetwork]]]]
    """The patterns of AE titles that may send, each with the networks of its route, as now."""
    most: int
    """Requests with objects at a time."""
    networks: Collection[IpNetwork] = ()
    """Where they may come from; empty: anywhere."""
    failures: Failures = field(default_factory=Failures)

    def admit(self, authorization: str, address: str) -> str:
        """Return the name of who comes with that `Authorization`.

        Raises:
            TurnedAwayError: if they may not, or must wait.
        """
        if self.tokens is None:
            raise TurnedAwayError(
                HTTPStatus.FORBIDDEN, "no one may send by HTTP here: http.tokens_file is not set"
            )
        if self.networks and not is_within(address, self.networks):
            if self.failures.add(address):
                logger.warning("a request from %s, which is not in http.networks", address)
            raise TurnedAwayError(HTTPStatus.FORBIDDEN, "nobody may send from that address")
        if self.failures.are_too_many(address):
            raise TurnedAwayError(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens: wait")
        name = self._name(self.tokens, authorization)
        if name is None:
            if self.failures.add(address):
                logger.warning("a request from %s has no token that counts", address)
            raise TurnedAwayError(
                HTTPStatus.UNAUTHORIZED, "say `Authorization: Bearer TOKEN`: senoscope token add"
            )
        self._check_routes(name, address)
        return name

    def _check_routes(self, name: str, address: str) -> None:
        """Ask the routes as the DICOM port does: see `service.listener.admission`."""
        named = [within for pattern, within in self.callers() if fnmatchcase(name, pattern)]
        if not named:
            raise TurnedAwayError(HTTPStatus.FORBIDDEN, f"no route names {name} in `calling`")
        networks = [network for within in named for network in within]
        if networks and not is_within(address, networks):
            raise TurnedAwayError(
                HTTPStatus.FORBIDDEN, f"the routes do not let {name} send from that address"
            )

    def _name(self, tokens: Tokens, authorization: str) -> str | None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        try:
            return tokens.name_of(token.strip())
        except BadConfigurationError as error:
            logger.error("nobody can send by HTTP: %s", error)  # noqa: TRY400 - said in a line
            raise TurnedAwayError(
                HTTPStatus.SERVICE_UNAVAILABLE, "the tokens of this node cannot be read"
            ) from None


class Places:
    """So many requests at a time."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            TurnedAwayError: if none is free.
        """
        if not self._free.acquire(blocking=False):
            raise TurnedAwayError(HTTPStatus.SERVICE_UNAVAILABLE, "too many uploads at a time")
        try:
            yield
        finally:
            self._free.release()
