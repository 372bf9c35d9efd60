"""What the reference answers to the probe, kept: every engine is held against it when it opens.

A verification that was passed once says nothing of the device as it is now. So each time a network
is loaded it computes the probe, and one that strays beyond its card's tolerance is not used.
"""

import hashlib
import io
import logging
import math
from contextlib import closing

import numpy as np

from engines.backends.onnxruntime import open_reference
from engines.card import Card
from engines.engine import Batch, Engine, UnusableError
from engines.plans.manifest import PlanError
from engines.plans.store import PlanStore
from engines.probe import probe
from engines.verification import Tally

logger = logging.getLogger(__name__)

MOST_VALUES = 1 << 16
"""Of an answer that are kept: of a larger one, every so many rows and columns."""
VERSION = 1
"""Raised when the probe or what is kept of an answer changes."""


class WrongAnswerError(UnusableError):
    """An engine computes, and wrongly: the message says by how much."""


class NoReferenceError(UnusableError):
    """There is no golden answer, and nothing to compute it with."""


def prove(engine: Engine, store: PlanStore | None) -> None:
    """Let `engine` compute the probe, and hold it against the golden answer.

    Raises:
        WrongAnswerError: it strays beyond its card's tolerance.
        NoReferenceError: there is nothing to compare with.
        UnusableError: it cannot run.
    """
    wanted = golden(engine.card, store)
    batch = np.repeat(probe(engine.card), engine.card.batch, axis=0)
    answer = engine(batch)
    told = Tally().with_pair(sample(answer[:1]), wanted, engine.card).verdict(engine.card, "golden")
    if not told.passed:
        raise WrongAnswerError(f"computes wrongly: on the probe it {told.reason}")


def golden(card: Card, store: PlanStore | None) -> Batch:
    """Return what is kept of the reference's answer to the probe; computed where nothing is.

    Raises:
        NoReferenceError: there is none, and no reference to compute it.
    """
    key = _key(card)
    kept = _kept(key, store)
    if kept is not None:
        return kept
    try:
        with closing(open_reference(card)) as reference:
            answer = sample(reference(probe(card)))
    except UnusableError as error:
        raise NoReferenceError(f"no reference: {error}") from error
    if store is not None:
        _keep(key, answer, store)
    return answer


def sample(answer: Batch) -> Batch:
    """Return `answer`, or every so many rows and columns of a large one."""
    if answer.size <= MOST_VALUES:
        return answer
    step = math.ceil(math.sqrt(answer.size / MOST_VALUES))
    return answer[..., ::step, ::step]


def _key(card: Card) -> str:
    """Return what a golden answer is of: the weights and the window."""
    said = f"{VERSION} {card.sha256} {card.tile} {card.halo} {card.input.range}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _kept(key: str, store: PlanStore | None) -> Batch | None:
    if store is None:
        return None
    try:
        content = store.golden(key)
        return np.load(io.BytesIO(content), allow_pickle=False) if content else None
    except (PlanError, ValueError, EOFError) as error:
        logger.warning("a golden answer cannot be read, it is computed anew: %s", error)
        return None


def _keep(key: str, answer: Batch, store: PlanStore) -> None:
    written = io.BytesIO()
    np.save(written, answer, allow_pickle=False)
    try:
        store.keep_golden(key, written.getvalue())
    except PlanError as error:
        logger.warning("a golden answer is not kept, it is computed anew each time: %s", error)
