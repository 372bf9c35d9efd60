"""The models on the shelves as pipelines, while a process runs."""

import logging
import threading
from collections.abc import Iterator, Mapping

from typing_extensions import override

from engines.card import Card, CardError
from engines.shelf import Shelves, find_card, newest
from pipelines.catalogue import catalogue
from pipelines.pipeline import ON_REGIONS, Pipeline

logger = logging.getLogger(__name__)


class Pipelines(Mapping[str, Pipeline]):
    """The pipelines that there are models for; a name that is not known has it look again.

    So a model that is put on a shelf can be used at once. What is known stays as it was first seen:
    a newer version of a model, or another in its place, comes with a restart. A broken model is
    left out, and the log says why.
    """

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._lock = threading.Lock()
        self._cards: dict[str, Card] = {}
        self._broken: dict[str, str] = {}
        self._pipelines: dict[str, Pipeline] = {}
        self._look()

    @override
    def __getitem__(self, name: str) -> Pipeline:
        if name not in self._pipelines:
            self._look()
        return self._pipelines[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pipelines))

    @override
    def __len__(self) -> int:
        return len(self._pipelines)

    @property
    def broken(self) -> Mapping[str, str]:
        """What is wrong with the models that are left out, by name."""
        return dict(self._broken)

    def cards(self, name: str) -> list[Card]:
        """Return the cards of the models that the pipeline of that name runs.

        Raises:
            CardError: one is on no shelf, or broken.
        """
        return [self.card(network) for network in self[name].networks]

    def card(self, network: str) -> Card:
        """Return the card of the model of that network, as it was first seen.

        Raises:
            CardError: it is on no shelf, or broken.
        """
        name = network.removesuffix(ON_REGIONS)
        return self._cards.get(name) or find_card(self._shelves, name)

    def _look(self) -> None:
        with self._lock:
            found = dict(newest(self._shelves))
            broken = {name: str(one) for name, one in found.items() if isinstance(one, CardError)}
            for name in broken.keys() - self._broken.keys():
                logger.warning("model %s is left out: %s", name, broken[name])
            cards = {name: one for name, one in found.items() if isinstance(one, Card)}
            self._broken, self._cards = broken, cards | self._cards
            self._pipelines = catalogue(self._cards.values())


class Versions(Mapping[str, str]):
    """The versions of the models that each pipeline runs, and their weights."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines

    @override
    def __getitem__(self, name: str) -> str:
        cards = self._pipelines.cards(name)
        return " ".join(f"{card.version} {card.sha256}" for card in cards)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._pipelines)

    @override
    def __len__(self) -> int:
        return len(self._pipelines)
