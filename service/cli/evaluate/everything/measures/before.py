"""The networks that regions are enlarged by before they are segmented or classified."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from engines.card import Card
from engines.evaluation.feeding import PLAIN, Way, named, ways
from engines.evaluation.taught import taught
from service.cli.evaluate.bench import Bench

FAMILIES = (("fsrcnn", 2), ("edsr", 3), ("rdn", 4))
"""Honjo 2022, and Jimenez-Gaona 2024."""


def enlargers(cards: Sequence[Card], card: Card) -> list[Card]:
    """Return the papers' networks that are on the shelf, of each the one with most weights.

    And the one that regions were enlarged by when `card` was taught.
    """
    every = [one for one in cards if one.task == "super-resolution"]
    found = []
    for family, scale in FAMILIES:
        of_family = [one for one in every if one.scale == scale and one.name.startswith(family)]
        found += sorted(of_family, key=lambda one: one.weights.stat().st_size)[-1:]
    own = [one for one in every if one.name == taught(card).before and one not in found]
    return [*found, *own]


@contextmanager
def opened_ways(bench: Bench, cards: Sequence[Card]) -> Iterator[list[Way]]:
    """Give all ways to bring a region before a network.

    Raises:
        CardError: a network's weights are not those of its card.
        UnusableError: nothing opens one here.
    """
    with ExitStack() as stack:
        yield ways([stack.enter_context(bench.opened(card)) for card in cards])


def own_way(card: Card, cards: Sequence[Card]) -> str:
    """Return the name of the way in which regions were brought before a network when it learned."""
    before = [one for one in cards if one.name == taught(card).before]
    return named(before[0]) if before else PLAIN
