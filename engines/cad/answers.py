"""What networks answer to one square picture, checked against what their cards say."""

import numpy as np

from engines.cad.window import Shades
from engines.card import Card
from engines.engine import AnswerError, Engine
from engines.tiling import enlarge, probabilities

BACKGROUND = "background"
"""The label of what is none of the others."""

STEPS = int(np.iinfo(np.uint16).max)
"""Between 0 and 1: far finer than what any precision computes."""


def side_of(card: Card) -> int:
    """Return the side of the picture that one window of the network answers for."""
    return card.tile - 2 * card.halo


def seen(engine: Engine, picture: Shades) -> Shades:
    """Return how sure a network is that each pixel of `picture` is of any of its labels, 0..1.

    Raises:
        AnswerError: the answer has another shape than the card says, or holds no number.
    """
    maps = probabilities(engine, _stepped(picture), 0, STEPS)
    wanted = [n for n, label in enumerate(engine.card.labels) if label.name != BACKGROUND]
    if not wanted:
        raise AnswerError(f"{engine.card.name} has no label but {BACKGROUND}")
    made: Shades = np.clip(maps[wanted].max(axis=0), 0, 1)
    return made


def enlarged(engine: Engine, picture: Shades) -> Shades:
    """Return `picture` enlarged by the scale of the engine's card, 0..1.

    Raises:
        AnswerError: the answer has another shape than the card says, or holds no number.
    """
    return (enlarge(engine, _stepped(picture), 0, STEPS, STEPS) / STEPS).astype(np.float32)


def probability(engine: Engine, picture: Shades, label: str) -> float:
    """Return how probable a classifier finds it that `picture` is of the class `label`, 0..1.

    Raises:
        AnswerError: there is no such class, or the answer is not what the card says, or no number.
    """
    card = engine.card
    names = [one.name for one in card.labels]
    if label not in names:
        raise AnswerError(f"{card.name} has no class {label!r}; it has {', '.join(names)}")
    batch = np.zeros(card.window, np.float32)
    batch[0] = picture
    answer = engine(batch)
    if answer.shape != (card.batch, len(names)):
        raise AnswerError(f"{card.name} answers {answer.shape}, not {(card.batch, len(names))}")
    if not np.isfinite(answer[0]).all():
        raise AnswerError(f"{card.name} answers with no number")
    return float(np.clip(answer[0, names.index(label)], 0, 1))


def _stepped(picture: Shades) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    return np.rint(np.clip(picture, 0, 1) * STEPS).astype(np.uint16)
