"""What brings results to destinations."""

from collections.abc import Collection, Mapping

from service.assembly.rules import Rules
from service.canary.routing import receiver_of
from service.clock import now
from service.console.remembered import Remembered
from service.delivery.bearing import Bearer
from service.delivery.outbox import Outbox
from service.delivery.peer import Peer
from service.delivery.senders import Senders
from service.delivery.target import Served
from service.delivery.turnarounds import Turnarounds
from service.destinations import served
from service.ledger.canary import DESTINATION as CANARY
from service.ledger.counting import Through
from service.metrics import turnaround
from service.sample import Sample
from service.worker.owner import is_gone, this_process

CANARY_S = 1.0
"""How long it holds who takes the results of canaries."""


class Sending(Rules):
    """What brings results to destinations."""

    def destinations(self) -> Mapping[str, Served]:
        """Return the destinations in force, and how each is served."""
        calling = self.settings.dicom.ae_title
        return {
            name: served(there, calling, self.settings.base)
            for name, there in self.routes.current().destinations.items()
        }

    def peers(self) -> Mapping[str, Peer]:
        """Return those of the destinations in force that speak DIMSE."""
        there = {name: one.target for name, one in self.destinations().items()}
        return {name: target for name, target in there.items() if isinstance(target, Peer)}

    def bearer(self, ae_title: str) -> Bearer | None:
        """Return what brings reports of commitment to that AE title, if it is a destination."""
        there = (one for one in self.peers().values() if one.address.ae_title == ae_title)
        return next((Bearer(peer) for peer in there), None)

    def senders(self) -> Senders:
        """Make what sends results to destinations."""
        outbox = Outbox(
            self.ledger,
            self.results,
            self.received,
            this_process(),
            now,
            _turnaround,
        )
        title = self.settings.dicom.ae_title
        canary = Remembered(lambda: receiver_of(self.ledger, title), CANARY_S)

        def there() -> Mapping[str, Served]:
            return {**self.destinations(), **canary()}

        return Senders(outbox, there, is_gone, self._tell)

    def _tell(self, destination: str, up: bool) -> None:  # noqa: FBT001 - a gauge
        """Tell whether that destination of the clinic can be reached."""
        if destination != CANARY:
            self.metrics.destination_up(destination, up)

    def turnarounds(self) -> Turnarounds:
        """Make what finds the studies of which nobody noted that they are through."""
        return Turnarounds(self.ledger, _turnaround)


def _turnaround(through: Through) -> Collection[Sample]:
    """Return what is counted of a study that is through."""
    return turnaround(through.route, through.seconds)
