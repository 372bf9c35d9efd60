"""What everything is measured with: models, data, a device."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines.card import Card, CardError
from engines.engine import Engine
from engines.load import open_engine
from engines.plans.store import PlanStore
from engines.shelf import Shelves, newest
from engines.windowed import as_served


@dataclass(frozen=True, slots=True)
class Bench:
    """The shelves, where the data are, and what engines run on.

    `images` and `mammograms` are sets given as NAME=DIR.
    """

    shelves: Shelves
    data: Path
    device: str
    plans: PlanStore
    images: Sequence[str] = ()
    mammograms: Sequence[str] = ()

    @property
    def cards(self) -> list[Card]:
        """The newest version of each model whose card can be read, by name."""
        return [card for _, card in newest(self.shelves) if isinstance(card, Card)]

    @property
    def broken(self) -> dict[str, str]:
        """What is wrong with the cards that cannot be read, by the name of the model."""
        found = newest(self.shelves)
        return {name: str(error) for name, error in found if isinstance(error, CardError)}

    @contextmanager
    def opened(self, card: Card) -> Iterator[Engine]:
        """Give the engine of a model as the node would run it.

        Raises:
            CardError: its weights are not those of the card.
            UnusableError: nothing opens it here.
        """
        with closing(open_engine(as_served(card), self.device, self.plans)) as engine:
            yield engine


def titled(card: Card) -> str:
    """Return a model's name and version."""
    return f"{card.name} {card.version}"
