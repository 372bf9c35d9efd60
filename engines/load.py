"""From a card to an engine."""

import logging
from collections.abc import Callable

from engines.card import Card
from engines.engine import Engine, UnusableError
from engines.golden import NoReferenceError, WrongAnswerError, prove
from engines.plans.manifest import Circumstances, NoPlanError
from engines.plans.store import PlanStore
from engines.shelf import verify
from engines.ways import AUTO, Way, ways

logger = logging.getLogger(__name__)


def pass_over(way: Way) -> None:
    """Say no more of a way that computes wrongly than the log does."""


def open_engine(
    card: Card,
    device: str = AUTO,
    store: PlanStore | None = None,
    distrust: Callable[[Way], None] = pass_over,
) -> Engine:
    """Return the fastest engine that this machine has for `card` and that keeps its tolerance.

    `store` holds plans and what verification found. Why others were not taken is logged, and
    `distrust` is told of each that computes wrongly. It may start threads: open it in the process
    that uses it, after any fork.

    Raises:
        CardError: the weights are not those of the card.
        UnusableError: no back end opens it; the message says why, for each.
    """
    verify(card)
    reasons = []
    for way in ways(card, device, store):
        try:
            return _trustworthy(way, store)
        except WrongAnswerError as reason:
            logger.error("%s %s: %s %s", card.name, card.version, way.backend, reason)  # noqa: TRY400
            reasons.append(f"{way.backend} {reason}")
            distrust(way)
        except UnusableError as reason:
            logger.info("%s %s: %s is not taken: %s", card.name, card.version, way.backend, reason)
            reasons.append(f"{way.backend}: {reason}")
    raise UnusableError(f"no back end opens {card.name} {card.version}; " + "; ".join(reasons))


def _trustworthy(way: Way, store: PlanStore | None) -> Engine:
    """Return the engine of `way`, having seen it compute as the reference does.

    Raises:
        UnusableError: it cannot be opened, failed verification, or strays on the probe.
    """
    verified = way.ordinal is not None or _passed(way, store)
    engine = way.open()
    try:
        _prove(engine, store, is_trusted=verified or way.is_exact)
    except UnusableError:
        engine.close()
        raise
    return engine


def _prove(engine: Engine, store: PlanStore | None, *, is_trusted: bool) -> None:
    """Let `engine` prove itself; where there is no reference, one that is trusted need not.

    Raises:
        UnusableError: it computes wrongly, or nothing speaks for it.
    """
    if store is None and is_trusted:
        return
    try:
        prove(engine, store)
    except WrongAnswerError as reason:
        if is_trusted:
            raise
        raise UnusableError(str(reason)) from reason
    except NoReferenceError as reason:
        if not is_trusted:
            raise
        logger.warning("%s %s is not tried: %s", engine.card.name, engine.backend, reason)


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
