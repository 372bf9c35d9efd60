"""Whole images through an engine that sees one window at a time.

The network is run on square windows of one size, each overlapping its neighbours by the halo: the
reach of the receptive field. What lies beyond the image is its mirror image, as if the whole image
had been mirrored by one halo and run at once. So the tiled answer is the untiled one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from engines.card import Card
from engines.engine import Batch, Engine

Pixels = NDArray[np.unsignedinteger]
"""(rows, columns)."""


@dataclass(frozen=True, slots=True)
class Span:
    """One window's place along one axis, in pixels of the input.

    The window begins at `begin`, halo included, and may reach beyond the image; it answers for
    `start` to `stop`.
    """

    begin: int
    start: int
    stop: int


def spans(length: int, window: int, halo: int) -> list[Span]:
    """Return the windows that cover an axis: the last one is moved back to end with the image."""
    step = window - 2 * halo
    found = []
    for start in range(0, length, step):
        begin = max(0, min(start, length - step)) - halo
        found.append(Span(begin, start, min(start + step, length)))
    return found


def enlarge(engine: Engine, pixels: Pixels, low: float, high: float, top: int) -> Pixels:
    """Return `pixels` enlarged by the scale of the engine's card, in the same unsigned type.

    `pixels` is (rows, columns); its values reach the network as (v - low) / (high - low), and come
    back as integers in 0..`top`. Beyond its answer it takes the memory of a few windows.
    """
    card, span = engine.card, high - low
    if span <= 0:
        raise ValueError(f"high ({high}) must be above low ({low})")
    if top > np.iinfo(pixels.dtype).max:
        raise ValueError(f"{pixels.dtype} cannot hold {top}")
    rows, columns = pixels.shape
    answer = np.empty((card.scale * rows, card.scale * columns), pixels.dtype)
    batch: Batch = np.empty((1, 1, card.tile, card.tile), np.float32)
    for down, across in _windows(rows, columns, card):
        np.copyto(batch[0, 0], _cut(pixels, down, across, card.tile))
        np.subtract(batch, low, out=batch)
        np.multiply(batch, 1 / span, out=batch)
        values = _answered(engine, batch)[_inner(down, card), _inner(across, card)] * span
        np.add(values, low, out=values)
        np.rint(values, out=values)
        np.clip(values, 0, top, out=values)
        answer[_outer(down, card), _outer(across, card)] = values
    return answer


def _answered(engine: Engine, batch: Batch) -> NDArray[np.float32]:
    """Return what the engine answers for one window, and make sure it is of the inside."""
    inside: NDArray[np.float32] = engine(batch)[0, 0]
    side = engine.card.scale * (engine.card.tile - 2 * engine.card.halo)
    if inside.shape != (side, side):
        raise ValueError(f"{engine.backend} answers {inside.shape}, not {side} x {side}")
    return inside


def _windows(rows: int, columns: int, card: Card) -> Iterator[tuple[Span, Span]]:
    """Return the windows row by row."""
    return product(spans(rows, card.tile, card.halo), spans(columns, card.tile, card.halo))


def _cut(pixels: Pixels, down: Span, across: Span, window: int) -> Pixels:
    """Return a window of `pixels`, mirrored where it reaches beyond them."""
    rows, columns = pixels.shape
    if _within(down, rows, window) and _within(across, columns, window):
        return pixels[down.begin : down.begin + window, across.begin : across.begin + window]
    return pixels[np.ix_(_mirrored(down, rows, window), _mirrored(across, columns, window))]


def _within(span: Span, length: int, window: int) -> bool:
    return span.begin >= 0 and span.begin + window <= length


def _mirrored(span: Span, length: int, window: int) -> NDArray[np.intp]:
    """Return the index of each position of the window: 2 1 0 0 1 2 ... at the edge."""
    position = np.arange(span.begin, span.begin + window) % (2 * length)
    return np.minimum(position, 2 * length - 1 - position)


def _inner(span: Span, card: Card) -> slice:
    """Return what a window answers for, within the engine's answer."""
    first = span.begin + card.halo
    return slice(card.scale * (span.start - first), card.scale * (span.stop - first))


def _outer(span: Span, card: Card) -> slice:
    """Return what a window answers for, within the whole answer."""
    return slice(card.scale * span.start, card.scale * span.stop)
