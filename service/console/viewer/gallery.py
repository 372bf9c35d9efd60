"""The pictures of images and of results, by what addresses call them, and who looked at them."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from service.console.deeds import Deeds
from service.console.person import Person
from service.console.viewer.exhibit import Exhibit, Exhibits
from service.errors import UnavailableError, UnknownError
from service.ledger.spool import Spool
from service.tiles.album import Album
from service.tiles.packed import Pack
from service.tiles.picture import Picture, as_shown, from_dicom

HOLDS = timedelta(minutes=1)
"""How long the ledger is not asked again whether a picture may be shown."""
SEEN = timedelta(hours=1)
"""How long somebody who looks at parts of a picture is not noted again."""
MOST_REMEMBERED = 1000
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the bytes of a picture lie, and what the album calls it."""

    name: str
    spool: Spool
    uid: str
    version: str

    def picture(self) -> Picture:
        """Return it.

        Raises:
            NodeError: it cannot be read.
        """
        with self.spool.local(self.uid, self.version) as path:
            return as_shown(from_dicom(path))


@dataclass(frozen=True)
class Gallery:
    """Finds pictures, opens them, and notes who looked."""

    exhibits: Exhibits
    album: Album
    deeds: Deeds
    now: Callable[[], datetime]
    _spots: OrderedDict[tuple[str, str], tuple[Spot, datetime]] = field(default_factory=OrderedDict)
    _seen: OrderedDict[tuple[str, str, str], datetime] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, person: Person, study: str, key: str) -> Exhibit:
        """Return what is shown of an image, note who looks at it, and begin to open it.

        Raises:
            UnknownError: there is none.
            NodeError: it cannot be read.
        """
        exhibit = self.exhibits.of(study, key)
        self.deeds.note(person, "image.view", key, "done")
        for one in filter(None, (key, exhibit.enlarged)):
            self._remember(person, study, one)
            with suppress(UnavailableError):  # who asks for its tiles waits, or is told
                self.look(self.spot(study, one))
        return exhibit

    def spot_for(self, person: Person, study: str, key: str) -> Spot:
        """Return where that picture lies, for somebody who looks at it.

        Raises:
            UnknownError: there is none.
        """
        spot = self.spot(study, key)
        with self._lock:
            seen = self._seen.get((person.name, study, key))
        if seen is None or self.now() - seen > SEEN:
            self.deeds.note(person, "image.view", key, "done")
            self._remember(person, study, key)
        return spot

    def look(self, spot: Spot) -> Future[Pack]:
        """Return that picture as soon as it is there.

        Raises:
            UnavailableError: too many wait already.
        """
        return self.album.look(spot.name, spot.picture)

    def spot(self, study: str, key: str) -> Spot:
        """Return where the picture lies that addresses call so.

        Raises:
            UnknownError: there is none, or its bytes are gone.
        """
        with self._lock:
            known = self._spots.get((study, key))
        if known is not None and self.now() - known[1] < HOLDS:
            return known[0]
        try:
            found = self._spot(study, key)
        except UnknownError:
            if known is not None:
                self.album.forget(known[0].name)
            raise
        with self._lock:
            _keep(self._spots, (study, key), (found, self.now()))
        return found

    def _spot(self, study: str, key: str) -> Spot:
        if self.exhibits.has_result(study, key):
            return Spot(f"result-{key}", self.exhibits.results, key, "")
        one = self.exhibits.instance(study, key)
        uid, version = one.sop_instance_uid, one.version
        return Spot(f"received-{key}-{one.digest[:32]}", self.exhibits.received, uid, version)

    def _remember(self, person: Person, study: str, key: str) -> None:
        with self._lock:
            _keep(self._seen, (person.name, study, key), self.now())


def _keep(where: OrderedDict[K, V], key: K, value: V) -> None:
    where[key] = value
    where.move_to_end(key)
    while len(where) > MOST_REMEMBERED:
        where.popitem(last=False)
