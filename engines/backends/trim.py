"""From what a graph gives to what an engine answers."""

from engines.card import Card
from engines.engine import Batch

CLASSES = 2
"""Axes of a classifier's answer: (images, classes)."""


def trimmed(answer: Batch, batch: Batch, card: Card) -> Batch:
    """Return the part of `answer` that saw all it needed: all but the halo, at the card's scale.

    What a classifier answers has no edge and is returned as it is.
    """
    if answer.ndim == CLASSES:
        return answer
    extra = answer.shape[-1] - card.scale * (batch.shape[-1] - 2 * card.halo)
    edge = extra // 2
    return answer[..., edge : answer.shape[-2] - edge, edge : answer.shape[-1] - edge]
