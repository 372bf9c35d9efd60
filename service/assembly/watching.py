"""What sees whether the node works, and tells people."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from uuid import uuid4

from engines.windowed import as_served
from service.assembly.rules import Rules
from service.canary.canary import Canary
from service.canary.door import own_door
from service.canary.expected import remembered
from service.canary.journey import Way
from service.canary.phantom import canary_image
from service.canary.routing import PIPELINE
from service.canary.standing import Standing
from service.clock import now
from service.delivery.peer import Address, Peer
from service.notify.channel import Channel
from service.notify.courier import Courier
from service.notify.facts import Lookout
from service.notify.made import channels_of, limits_of, rules_of, sender_of
from service.notify.notifier import Desk, Notifier
from service.readiness import Readiness


class Watching(Rules):
    """What sees whether the node works, and tells people."""

    @cached_property
    def readiness(self) -> Readiness:
        """What tells whether this node can take work."""
        return Readiness(self.quick_ledger, self.queue, self.received, self.routes, self.low_water)

    def canary(self) -> Canary:
        """Make what sends phantom studies through the node."""
        chosen = self.settings.canary
        (network,) = self.pipelines[PIPELINE].networks
        return Canary(
            ledger=self.ledger,
            received=self.received,
            results=self.results,
            way=Way(self.canary_door, chosen.host, chosen.port, chosen.timeout_s),
            card=lambda: as_served(self.pipelines.card(network)),
            golden=remembered(canary_image(uuid4())),
            now=now,
            chance=uuid4,
        )

    @property
    def canary_door(self) -> Peer:
        """The door of this node, as its canaries come to it."""
        dicom = self.settings.dicom
        node = Address(dicom.ae_title, dicom.host, dicom.port)
        return own_door(node, self.settings.canary.node, self.settings.tls_files)

    @cached_property
    def canary_standing(self) -> Standing:
        """What the last phantom study says of this node."""
        chosen = self.settings.canary
        every, longest = (timedelta(seconds=one) for one in (chosen.every_s, chosen.timeout_s))
        return Standing(self.quick_ledger, every, longest, now)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The ways by which people are told what goes wrong."""
        return channels_of(self.settings)

    def notifier(self) -> Notifier:
        """Make what tells people."""
        chosen = self.settings.notify
        lookout = Lookout(
            self.ledger,
            self.received.free_bytes,
            self.routes_error,
            timedelta(minutes=chosen.unreached_min),
            chosen.refused_per_h,
        )
        node, limits = sender_of(self.settings).node, limits_of(self.settings)
        desk = Desk(node, lookout, limits, rules_of(chosen), chosen.every_s)
        couriers = {
            name: Courier(name, channel, self.ledger, self.metrics, now)
            for name, channel in self.channels.items()
        }
        return Notifier(desk, self.ledger, couriers, now)
