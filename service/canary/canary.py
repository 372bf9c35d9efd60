"""One phantom study through the real door, router, worker, engine and delivery, and back."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import Protocol
from uuid import UUID

from pydicom import Dataset

from engines.card import Card, CardError
from engines.engine import UnusableError
from service.canary.expected import Golden
from service.canary.journey import FailedError, Journey, Way
from service.canary.phantom import canary_image
from service.canary.receiver import Receiver, receiving
from service.canary.watching import Books
from service.errors import UnavailableError
from service.ledger.canaries import Canaries
from service.ledger.canary import CanaryRun, Phase
from service.ledger.records import Instance, Result
from service.ledger.spool import Spool

MARGIN_S = 10.0
"""Beyond its time, until another one may take the place of a canary whose process is gone."""
ENLARGED = "1.2.840.10008.5.1.4.1.1.7.3"
"""Multi-frame Grayscale Word Secondary Capture: PS3.4 Table B.5-1."""


class Ledger(Books, Canaries, Protocol):
    """What a canary reads and writes down."""


@dataclass(frozen=True)
class Canary:
    """Sends phantom studies through the node."""

    ledger: Ledger
    received: Spool
    results: Spool
    way: Way
    card: Callable[[], Card]
    """Gives that of the network that is run."""
    golden: Callable[[Card], Golden]
    now: Callable[[], datetime]
    chance: Callable[[], UUID]
    watch: Callable[[], float] = time.monotonic

    def run(self, asked_by: str, stop: Event | None = None) -> CanaryRun | None:
        """Return how a canary fared; None if another one is under way.

        It is waited for until `stop` is set: what else it goes through may stop then too.
        """
        image = canary_image(self.chance())
        run = self._begun(image, asked_by)
        try:
            with receiving(run.study_instance_uid, self.way.host, self.way.port) as (there, port):
                run = replace(run, port=port)
                if not self._begin(run):
                    return None
                return self._ended(run, image, self._journey(there, stop or Event()))
        except UnavailableError as error:
            return self._failed(run, Phase.RECEIVER, str(error))
        except FailedError as error:
            return self._failed(run, error.phase, str(error))

    def _journey(self, there: Receiver, stop: Event) -> Journey:
        return Journey(self.ledger, self.way, there, stop, self.watch)

    def _begun(self, image: Dataset, asked_by: str) -> CanaryRun:
        now = self.now()
        until = now + timedelta(seconds=self.way.seconds + MARGIN_S)
        uid = str(image.StudyInstanceUID)
        return CanaryRun(uid, asked_by, self.way.host, self.way.port, now, until)

    def _begin(self, run: CanaryRun) -> bool:
        """Write it down as the one under way, and forget what is left of those before."""
        try:
            if not self.ledger.begin_canary(run):
                return False
            self._forget()
        except UnavailableError as error:
            raise FailedError(Phase.LEDGER, str(error)) from error
        return True

    def _ended(self, run: CanaryRun, image: Dataset, journey: Journey) -> CanaryRun:
        """Send it, follow it, look at what came, and write down how it fared."""
        try:
            journey.send(image)
            journey.follow()
            with journey.timed("engine"):
                self._look_at(journey.there.came)
        except FailedError as error:
            run = replace(run, phase=error.phase, reason=str(error))
        seconds = {**journey.seconds, "total": self.watch() - journey.started}
        run = replace(run, finished_at=self.now(), seconds=seconds)
        try:
            ended = self.ledger.end_canary(run)
            self._forget()
        except UnavailableError as error:
            return replace(run, phase=run.phase or Phase.LEDGER, reason=run.reason or str(error))
        return ended

    def _failed(self, run: CanaryRun, phase: Phase, reason: str) -> CanaryRun:
        """Return that it could not even be begun."""
        return replace(run, phase=phase, reason=reason, finished_at=self.now())

    def _look_at(self, came: Mapping[str, Dataset]) -> None:
        """Compare the enlarged image with the golden pixels."""
        images = [one for one in came.values() if str(one.SOPClassUID) == ENLARGED]
        if not images:
            raise FailedError(Phase.ENGINE, "no enlarged image is among the results")
        try:
            objection = self.golden(self.card()).objection(images[0])
        except (CardError, UnusableError) as error:
            raise FailedError(Phase.RECEIVER, f"nothing to compare with: {error}") from error
        if objection:
            raise FailedError(Phase.ENGINE, objection)

    def _forget(self) -> None:
        """Leave nothing of canaries that ended."""
        self.ledger.forget_canaries(self._remove_image, self._remove_result)

    def _remove_image(self, image: Instance) -> None:
        self.received.remove(image.sop_instance_uid, image.version)

    def _remove_result(self, result: Result) -> None:
        self.results.remove(result.sop_instance_uid)
