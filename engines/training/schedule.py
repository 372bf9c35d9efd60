"""How fast to learn, step by step."""

import math
from typing import Protocol


class Schedule(Protocol):
    """What a recipe says of its length and its rates."""

    @property
    def epochs(self) -> int:
        """How many."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""

    @property
    def rate(self) -> float:
        """The highest rate."""

    @property
    def last_rate(self) -> float:
        """The rate at the end."""


def learning_rate(recipe: Schedule, step: int) -> float:
    """Return the rate at `step`: linear over the first epoch, then a cosine to the last."""
    if step < recipe.steps:
        return recipe.rate * (step + 1) / recipe.steps
    done = (step - recipe.steps) / max(1, recipe.steps * (recipe.epochs - 1))
    height = (1 + math.cos(math.pi * done)) / 2
    return recipe.last_rate + (recipe.rate - recipe.last_rate) * height
