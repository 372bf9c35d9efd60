"""From a card to an engine."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import numpy as np

from engines.backends.onnxruntime import open_reference
from engines.backends.openvino import open_openvino
from engines.card import Card, Precision
from engines.engine import Batch, Engine, UnusableError
from engines.shelf import verify

logger = logging.getLogger(__name__)

DEVICES = ("auto", "cpu")

SEED = 2022
"""Of the noise in the probe: any number, always the same."""


def open_engine(card: Card, device: str = "auto") -> Engine:
    """Return the fastest engine that this machine has for `card` and that keeps its tolerance.

    Why others were not taken is logged. It may start threads: open it in the process that uses it,
    after any fork.

    Raises:
        CardError: the weights are not those of the card.
        UnusableError: no back end opens it; the message says why, for each.
    """
    if device not in DEVICES:
        raise UnusableError(f"no device {device!r} here; there is {' and '.join(DEVICES)}")
    verify(card)
    reasons = []
    for name, opener in _openers(card):
        try:
            return opener()
        except UnusableError as reason:
            logger.info("%s %s: %s is not taken: %s", card.name, card.version, name, reason)
            reasons.append(f"{name}: {reason}")
    raise UnusableError(f"no back end opens {card.name} {card.version}; " + "; ".join(reasons))


def _openers(card: Card) -> Iterator[tuple[str, Callable[[], Engine]]]:
    """Yield the ways to open `card`, best first: its precisions on OpenVINO, the reference."""
    for precision in card.precisions:
        opener = open_openvino if precision == "fp32" else open_tolerable
        yield f"openvino-{precision}", partial(opener, card, precision)
    yield "onnxruntime-fp32", partial(open_reference, card)


def open_tolerable(card: Card, precision: Precision) -> Engine:
    """Return an engine on OpenVINO in that precision, if it stays within the card's tolerance.

    Raises:
        UnusableError: it does not, or it cannot be opened.
    """
    engine = open_openvino(card, precision)
    with closing(open_openvino(card)) as reference:
        fault = intolerable(card, engine, reference)
    if fault is not None:
        engine.close()
        raise UnusableError(fault)
    return engine


def intolerable(card: Card, engine: Engine, reference: Engine) -> str | None:
    """Return how `engine` strays too far from `reference` on the probe, or None if it does not."""
    errors = np.abs(engine(probe(card)) - reference(probe(card)))
    maximum, mean = float(errors.max()), float(np.sqrt(np.mean(np.square(errors))))
    if maximum > card.tolerance.maximum:
        return f"strays by {maximum:.2g}, {card.tolerance.maximum:.2g} is tolerated"
    if mean > card.tolerance.root_mean_square:
        return f"strays by {mean:.2g} rms, {card.tolerance.root_mean_square:.2g} is tolerated"
    return None


def probe(card: Card) -> Batch:
    """Return one window over the whole input range: a ramp, ripples from coarse to fine, noise."""
    low, high = card.input.range
    down, across = np.mgrid[0 : card.tile, 0 : card.tile] / card.tile
    ripples = np.sin(card.tile * across**2) / 8
    noise = np.random.default_rng(SEED).normal(0, 0.02, down.shape)
    shades = np.clip(down + ripples * (down > 1 / 2) + noise * (across > 1 / 2), 0, 1)
    window = (low + (high - low) * shades).astype(np.float32)
    return np.broadcast_to(window, (1, card.input.channels, *window.shape)).copy()
