"""The way of one canary: in at the door, and along the line until it came through."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from pydicom import Dataset, dcmwrite

from service.canary.door import knock
from service.canary.receiver import Receiver
from service.canary.watching import THROUGH, Books, Place, place_of
from service.delivery.peer import Link, Peer
from service.errors import NodeError, UnavailableError
from service.ledger.canary import Phase

LOOK_S = 0.1
LEDGER_S = 5.0
"""How long a ledger that is away meanwhile is waited for."""


class FailedError(Exception):
    """The canary did not come through: in which phase, and why."""

    def __init__(self, phase: Phase, reason: str) -> None:
        super().__init__(reason)
        self.phase = phase


@dataclass(frozen=True, slots=True)
class Way:
    """What a canary goes through, and how long it may take."""

    door: Peer
    host: str
    """Where its results are awaited."""
    port: int
    """0 takes a free one."""
    seconds: float
    """For all of it."""


@dataclass
class Journey:
    """One canary on its way, and the seconds it has spent where."""

    ledger: Books
    way: Way
    there: Receiver
    stop: Event
    watch: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.watch()

    def timed(self, phase: str) -> "Timed":
        """Return what adds the seconds of a block to those of `phase`."""
        return Timed(self, phase)

    def send(self, image: Dataset) -> None:
        """Hand the image in at the door."""
        door = self.way.door
        with self.timed("port"):
            _knock(door)
        offer = str(image.SOPClassUID), str(image.file_meta.TransferSyntaxUID)
        with tempfile.TemporaryDirectory(prefix="senoscope-canary-") as folder:
            path = Path(folder) / "canary.dcm"
            dcmwrite(path, image, enforce_file_format=True)
            with self.timed("store"):
                _store(door, offer, path)

    def follow(self) -> None:
        """Wait until it came through, or cannot any more."""
        deadline = self.started + self.way.seconds
        while (place := self._place()) != THROUGH or not self.there.came:
            if place.hopeless:
                raise FailedError(place.phase, place.hopeless)
            if place == THROUGH:
                place = Place(Phase.DELIVERY, hint="another one acknowledged what was sent")
            if self.watch() > deadline:
                told = f"no end within {self.way.seconds:g} s"
                raise FailedError(place.phase, f"{told}: {place.hint}" if place.hint else told)
            with self.timed(place.phase):
                self._pause()

    def _pause(self) -> None:
        """Wait a moment."""
        if self.stop.wait(LOOK_S):
            raise FailedError(Phase.BUSY, "the node stops")

    def _place(self) -> Place:
        """Return where it is; a ledger that is away for a moment is waited for."""
        deadline = self.watch() + LEDGER_S
        while True:
            try:
                return place_of(self.ledger, self.there.study_instance_uid)
            except UnavailableError as error:
                if self.watch() > deadline:
                    raise FailedError(Phase.LEDGER, str(error)) from error
                self._pause()


@dataclass
class Timed:
    """Adds the seconds of a block to those of a phase."""

    journey: Journey
    phase: str
    since: float = 0.0

    def __enter__(self) -> None:
        self.since = self.journey.watch()

    def __exit__(self, *_: object) -> None:
        spent = self.journey.watch() - self.since
        self.journey.seconds[self.phase] = self.journey.seconds.get(self.phase, 0.0) + spent


def _knock(door: Peer) -> None:
    try:
        knock(door)
    except UnavailableError as error:
        raise FailedError(Phase.PORT, str(error)) from error


def _store(door: Peer, offer: tuple[str, str], path: Path) -> None:
    stored = False
    try:
        with door.linked({offer}) as link:
            _stored(link, path)
            stored = True
    except NodeError as error:
        if not stored:
            raise FailedError(Phase.ASSOCIATION, str(error)) from error


def _stored(link: Link, path: Path) -> None:
    try:
        link.send(path)
    except NodeError as error:
        raise FailedError(Phase.STORE, str(error)) from error
