"""The pipelines there are: one for each model, and two that are always there."""

from collections.abc import Callable, Iterable, Mapping

from engines.card import Card, Task
from pipelines.cad.recipe import Cad
from pipelines.classification import Classification
from pipelines.pipeline import Pipeline
from pipelines.segmentation import Segmentation
from pipelines.super_resolution import SuperResolution

DEFAULT = SuperResolution()
DETECTOR = "detector"
"""The model that `cad` without a name runs on."""
SCALES = range(2, 5)
"""What an image may be enlarged by."""

RECIPES: Mapping[Task, Callable[[str, str], Pipeline]] = {
    "super-resolution": SuperResolution,
    "classification": Classification,
    "segmentation": Segmentation,
}


def catalogue(cards: Iterable[Card] = ()) -> dict[str, Pipeline]:
    """Return the pipelines that the models of `cards` are good for, by the names routes call them.

    A model `my-net` that classifies is `classification:my-net`; one that a chain of others follows
    is `cad:my-net` too.
    """
    found: dict[str, Pipeline] = {DEFAULT.name: DEFAULT}
    for card in filter(is_runnable, cards):
        name = f"{card.task}:{card.name}"
        found[name] = RECIPES[card.task](name, card.name)
        if card.chain is not None:
            name = "cad" if card.name == DETECTOR else f"cad:{card.name}"
            found[name] = Cad(name, card.name, card.chain, DEFAULT.network)
    return found


def is_runnable(card: Card) -> bool:
    """Return whether a pipeline can run it: on grey, at a scale its task allows."""
    scales = SCALES if card.task == "super-resolution" else [1]
    return card.input.channels == 1 and card.scale in scales
