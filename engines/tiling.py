"""Whole images through an engine that sees a few windows at a time.

The network is run on square windows of one size, each overlapping its neighbours by the halo: the
reach of the receptive field. What lies beyond the image is its mirror image, as if the whole image
had been mirrored by one halo and run at once. So the tiled answer is the untiled one. A network
that pools sees every pixel in the same place of its grid as it would then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engines.card import Card
from engines.engine import AnswerError, Batch, Engine

Pixels = NDArray[np.unsignedinteger]
"""(rows, columns)."""

Maps = NDArray[np.float32]
"""(labels, rows, columns)."""


@dataclass(frozen=True, slots=True)
class Span:
    """One window's place along one axis, in pixels of the input.

    The window begins at `begin`, halo included, and may reach beyond the image; it answers for
    `start` to `stop`.
    """

    begin: int
    start: int
    stop: int


Place: TypeAlias = tuple[Span, Span]
"""One window's place down and across."""


def spans(length: int, window: int, halo: int, grid: int = 1) -> list[Span]:
    """Return the windows that cover an axis, each beginning at a multiple of `grid`.

    The last one is moved back to end with the image, or with the grid's next line after it.
    """
    step = window - 2 * halo
    last = -(-max(0, length - step) // grid) * grid
    return [
        Span(min(start, last) - halo, start, min(start + step, length))
        for start in range(0, length, step)
    ]


def enlarge(engine: Engine, pixels: Pixels, low: float, high: float, top: int) -> Pixels:
    """Return `pixels` enlarged by the scale of the engine's card, in the same unsigned type.

    `pixels` is (rows, columns); its values reach the network as (v - low) / (high - low), and come
    back as integers in 0..`top`. Beyond its answer it takes the memory of a few windows.
    """
    if top > np.iinfo(pixels.dtype).max:
        raise ValueError(f"{pixels.dtype} cannot hold {top}")
    scale, (rows, columns) = engine.card.scale, pixels.shape
    answer = np.empty((scale * rows, scale * columns), pixels.dtype)
    for place, given in _answers(engine, pixels, low, high):
        values = given[0] * (high - low)
        np.add(values, low, out=values)
        np.rint(values, out=values)
        np.clip(values, 0, top, out=values)
        answer[_outer(place, engine.card)] = values
    return answer


def probabilities(engine: Engine, pixels: Pixels, low: float, high: float) -> Maps:
    """Return what the network gives for each label and pixel, at the scale of the engine's card.

    `pixels` is (rows, columns); its values reach the network as (v - low) / (high - low). Beyond
    its answer it takes the memory of a few windows.
    """
    card, (rows, columns) = engine.card, pixels.shape
    answer = np.empty((_channels(card), card.scale * rows, card.scale * columns), np.float32)
    for place, given in _answers(engine, pixels, low, high):
        answer[:, *_outer(place, card)] = given
    return answer


def _answers(
    engine: Engine, pixels: Pixels, low: float, high: float
) -> Iterator[tuple[Place, NDArray[np.float32]]]:
    """Yield each window's place, and the engine's answer for its start to stop.

    An answer is (channels, rows, columns), and may change once the next is asked for.
    """
    if high <= low:
        raise ValueError(f"high ({high}) must be above low ({low})")
    card = engine.card
    groups = _groups(pixels.shape, card)
    answers = engine.stream(_batches(groups, pixels, card, (low, high)))
    for group, answer in zip(groups, answers, strict=True):
        _check(answer, engine)
        for place, given in zip(group, answer, strict=False):
            yield place, given[:, *_inner(place, card)]


def _groups(shape: tuple[int, ...], card: Card) -> list[list[Place]]:
    """Return the places of all windows, row by row, in groups of as many as make a batch."""
    down, across = (spans(length, card.tile, card.halo, card.grid) for length in shape)
    places = list(product(down, across))
    return [places[first : first + card.batch] for first in range(0, len(places), card.batch)]


def _batches(
    groups: list[list[Place]], pixels: Pixels, card: Card, bounds: tuple[float, float]
) -> Iterator[Batch]:
    """Yield each group's windows, always in the same memory; a short group leaves the rest of it.

    So all batches have one shape, for which the network is compiled.
    """
    low, high = bounds
    batch: Batch = np.zeros(card.window, np.float32)
    for group in groups:
        for image, place in zip(batch, group, strict=False):
            np.copyto(image, _cut(pixels, place, card.tile))
            np.subtract(image, low, out=image)
            np.multiply(image, 1 / (high - low), out=image)
        yield batch


def _check(answer: Batch, engine: Engine) -> None:
    """Make sure that an answer is of the inside of a batch, and of numbers.

    Raises:
        AnswerError: it has another shape, or holds what is no number.
    """
    card = engine.card
    side = card.scale * (card.tile - 2 * card.halo)
    wanted = (card.batch, _channels(card), side, side)
    if answer.shape != wanted:
        raise AnswerError(f"{engine.backend} answers {answer.shape}, not {wanted}")
    if not np.isfinite(answer).all():
        raise AnswerError(f"{engine.backend} answers with no number")


def _channels(card: Card) -> int:
    return len(card.labels) or 1


def _cut(pixels: Pixels, place: Place, window: int) -> Pixels:
    """Return a window of `pixels`, mirrored where it reaches beyond them."""
    down, across = place
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


def _inner(place: Place, card: Card) -> tuple[slice, ...]:
    """Return what a window answers for, within the engine's answer."""
    return tuple(
        slice(
            card.scale * (span.start - span.begin - card.halo),
            card.scale * (span.stop - span.begin - card.halo),
        )
        for span in place
    )


def _outer(place: Place, card: Card) -> tuple[slice, ...]:
    """Return what a window answers for, within the whole answer."""
    return tuple(slice(card.scale * span.start, card.scale * span.stop) for span in place)
