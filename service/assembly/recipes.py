"""What can be run on images, and how its results are signed."""

import hashlib
from functools import cached_property
from socket import gethostname

from engines.card import Card
from engines.engine import Engine
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.ways import Way
from engines.windowed import as_served
from pipelines.pipeline import ON_REGIONS, Product
from service.assembly.ground import Ground
from service.models import Pipelines
from service.site_key import read_or_make_key
from service.version import VERSION


class Recipes(Ground):
    """The pipelines, their networks, and how their results are signed."""

    @cached_property
    def pipelines(self) -> Pipelines:
        """The pipelines that there are models for."""
        return Pipelines(self.settings.shelves)

    def checked_cards(self, pipeline: str) -> list[Card]:
        """Return the cards of that pipeline's models, their weights checked.

        Raises:
            CardError: one is missing, broken or altered.
        """
        cards = self.pipelines.cards(pipeline)
        for card in cards:
            verify(card)
        return cards

    def opened(self, network: str, device: str) -> Engine:
        """Return that network, ready to run on whole images, or on regions if its name says so.

        Raises:
            CardError: it is on no shelf, or broken.
            UnusableError: it cannot be opened on `device`.
        """
        card = self.pipelines.card(network)
        served = card if network.endswith(ON_REGIONS) else as_served(card)
        wrong = list[Way]()
        engine = open_engine(served, device, self.plans, wrong.append)
        for way in wrong:  # where none is right, whoever asked for it says so
            self.metrics.engine_distrusted(gethostname(), way.device, way.card.name, way.backend)
        return engine

    @property
    def plans(self) -> PlanStore:
        """Compiled networks, and what verification found."""
        return PlanStore(self.settings.plans)

    @cached_property
    def site_key(self) -> bytes:
        """The key of derived UIDs; made once, and then kept."""
        return read_or_make_key(self.settings.site_key_path)

    @cached_property
    def product(self) -> Product:
        """How this installation signs its results."""
        serial = hashlib.sha256(b"serial" + self.site_key).hexdigest()[:16].upper()
        return Product(VERSION, serial, self.settings.dicom.ae_title)
