"""From a card to an engine."""

import logging
from contextlib import closing

import numpy as np

from engines.backends.onnxruntime import open_reference
from engines.card import Card
from engines.engine import Batch, Engine, UnusableError
from engines.plans.manifest import Circumstances, NoPlanError
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.verification import compare
from engines.ways import AUTO, Way, ways

logger = logging.getLogger(__name__)

SEED = 2022
"""Of the noise in the probe: any number, always the same."""


def open_engine(card: Card, device: str = AUTO, store: PlanStore | None = None) -> Engine:
    """Return the fastest engine that this machine has for `card` and that keeps its tolerance.

    `store` holds plans and what verification found. Why others were not taken is logged. It may
    start threads: open it in the process that uses it, after any fork.

    Raises:
        CardError: the weights are not those of the card.
        UnusableError: no back end opens it; the message says why, for each.
    """
    verify(card)
    reasons = []
    for way in ways(card, device, store):
        try:
            return _trustworthy(way, store)
        except UnusableError as reason:
            logger.info("%s %s: %s is not taken: %s", card.name, card.version, way.backend, reason)
            reasons.append(f"{way.backend}: {reason}")
    raise UnusableError(f"no back end opens {card.name} {card.version}; " + "; ".join(reasons))


def _trustworthy(way: Way, store: PlanStore | None) -> Engine:
    """Return the engine of `way`: verified before, computing as the reference does, or tried now.

    Raises:
        UnusableError: it cannot be opened, failed verification, or strays on the probe.
    """
    if way.ordinal is not None:
        return way.open()
    verified = _passed(way, store)
    engine = way.open()
    if not verified and not way.is_exact:
        try:
            _try_out(engine)
        except UnusableError:
            engine.close()
            raise
    return engine


def _passed(way: Way, store: PlanStore | None) -> bool:
    """Return whether it passed verification on this machine; False where it was not tried.

    Raises:
        UnusableError: it did not pass.
    """
    if store is None:
        return False
    try:
        manifest = store.find(way.fingerprint())
    except NoPlanError:
        return False
    objection = manifest.objection(way.card, Circumstances())
    if objection is not None:
        raise UnusableError(objection)
    return True


def _try_out(engine: Engine) -> None:
    """Hold `engine` against the reference on the probe.

    Raises:
        UnusableError: it strays too far, or there is no reference.
    """
    with closing(open_reference(engine.card)) as reference:
        found = compare(engine, reference, [probe(engine.card)])
    if not found.passed:
        raise UnusableError(found.reason)


def probe(card: Card) -> Batch:
    """Return one window over the whole input range: a ramp, ripples from coarse to fine, noise."""
    low, high = card.input.range
    down, across = np.mgrid[0 : card.tile, 0 : card.tile] / card.tile
    ripples = np.sin(card.tile * across**2) / 8
    noise = np.random.default_rng(SEED).normal(0, 0.02, down.shape)
    shades = np.clip(down + ripples * (down > 1 / 2) + noise * (across > 1 / 2), 0, 1)
    window = (low + (high - low) * shades).astype(np.float32)
    return np.broadcast_to(window, (1, card.input.channels, *window.shape)).copy()
