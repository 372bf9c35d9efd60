"""A network for regions, run on whole images."""

from math import ceil

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from engines.card import Card
from engines.compile.reach import Reach, reach
from engines.compile.storing import read
from engines.engine import UnusableError

WIDEST = 384
"""Side of the windows of networks for regions, halo included, when they run on whole images."""


def as_served(card: Card) -> Card:
    """Return `card` as pipelines run it: what enlarges regions is run on whole images.

    Raises:
        UnusableError: it cannot be.
    """
    is_for_regions = card.task == "super-resolution" and not card.halo
    return windowed(card, WIDEST) if is_for_regions else card


def windowed(card: Card, tile: int) -> Card:
    """Return `card` for whole images: in windows of at most `tile`, halo included, on its grid.

    The halo is how far the graph of its weights sees.

    Raises:
        UnusableError: the network sees the whole image at once, or so far that nothing is left of
            such a window; or its weights cannot be read.
    """
    found = _reach(card)
    grid = found.grid
    halo = ceil(found.halo / grid) * grid
    side = tile // grid * grid
    if side <= 2 * halo:
        raise UnusableError(
            f"{card.name} sees {found.halo} pixels far: windows must be larger than {2 * halo}"
        )
    return card.model_copy(update={"tile": side, "halo": halo, "grid": grid})


def _reach(card: Card) -> Reach:
    try:
        found = reach(read(card.weights))
    except (OSError, DecodeError) as error:
        raise UnusableError(f"cannot read {card.weights}: {error}") from error
    if found is None:
        raise UnusableError(f"{card.name} sees the whole image: it cannot be run window by window")
    if found.scale != card.scale:
        raise UnusableError(f"{card.name} enlarges {found.scale} times, not {card.scale} times")
    return found
