"""Windows of real images, as a network is given them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engines.card import Card
from engines.engine import Batch

Shades = NDArray[np.float32]
"""(rows, columns), 0 is black and 1 is white."""


def tiles(images: Sequence[Shades], card: Card, count: int) -> list[Batch]:
    """Return `count` windows for `card`: from those with the most detail to quite plain ones.

    Of each image the windows lie side by side; one that is smaller than a window is mirrored. Of
    all that are not flat, ordered by their spread, every n-th is taken.
    """
    found = [window for image in images for window in _side_by_side(image, card.tile)]
    ordered = sorted(found, key=lambda window: float(window.std()), reverse=True)
    lively = [window for window in ordered if window.std() > 0] or ordered
    chosen = np.linspace(0, len(lively) - 1, min(count, len(lively))).round().astype(int)
    return [_batch(lively[index], card) for index in chosen]


def _side_by_side(image: Shades, side: int) -> list[Shades]:
    rows, columns = (max(0, side - length) for length in image.shape)
    large = np.pad(image, ((0, rows), (0, columns)), mode="symmetric")
    down, across = (range(0, length - side + 1, side) for length in large.shape)
    return [large[row : row + side, column : column + side] for row in down for column in across]


def _batch(window: Shades, card: Card) -> Batch:
    """Return a window in the card's range, the same on all its channels."""
    low, high = card.input.range
    scaled = (low + (high - low) * window).astype(np.float32)
    return np.broadcast_to(scaled, (1, card.input.channels, *window.shape)).copy()
