"""The pipelines there are: one for each model, and one that is always there."""

from collections.abc import Callable, Iterable, Mapping

from engines.card import Card, Task
from pipelines.classification import Classification
from pipelines.pipeline import Pipeline
from pipelines.segmentation import Segmentation
from pipelines.super_resolution import SuperResolution

DEFAULT = SuperResolution()
SCALES = range(2, 5)
"""What an image may be enlarged by."""

RECIPES: Mapping[Task, Callable[[str, str], Pipeline]] = {
    "super-resolution": SuperResolution,
    "classification": Classification,
    "segmentation": Segmentation,
}


def catalogue(cards: Iterable[Card] = ()) -> dict[str, Pipeline]:
    """Return the pipelines that the models of `cards` are good for, by the names routes call them.

    A model `my-net` that classifies is `classification:my-net`.
    """
    found: dict[str, Pipeline] = {DEFAULT.name: DEFAULT}
    for card in cards:
        if is_runnable(card):
            name = f"{card.task}:{card.name}"
            found[name] = RECIPES[card.task](name, card.name)
    return found


def is_runnable(card: Card) -> bool:
    """Return whether a pipeline can run it: on grey, at a scale its task allows."""
    scales = SCALES if card.task == "super-resolution" else [1]
    return card.input.channels == 1 and card.scale in scales
