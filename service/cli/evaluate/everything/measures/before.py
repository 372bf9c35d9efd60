"""The networks that regions are enlarged by before they are segmented or classified."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from engines.card import Card
from engines.evaluation.feeding import Way, ways
from service.cli.evaluate.bench import Bench

FAMILIES = (("fsrcnn", 2), ("edsr", 3), ("rdn", 4))
"""Honjo 2022, and Jimenez-Gaona 2024."""


def enlargers(cards: Sequence[Card]) -> list[Card]:
    """Return the papers' networks that are on the shelf: of each, the one with most weights."""
    found = []
    for family, scale in FAMILIES:
        of_family = [
            card
            for card in cards
            if card.task == "super-resolution"
            and card.scale == scale
            and card.name.startswith(family)
        ]
        found += sorted(of_family, key=lambda card: card.weights.stat().st_size)[-1:]
    return found


@contextmanager
def opened_ways(bench: Bench, cards: Sequence[Card]) -> Iterator[list[Way]]:
    """Give all ways to bring a region before a network.

    Raises:
        CardError: a network's weights are not those of its card.
        UnusableError: nothing opens one here.
    """
    with ExitStack() as stack:
        yield ways({card.name: stack.enter_context(bench.opened(card)) for card in cards})
