"""A graph as a list of steps, each giving up the tensors that nobody needs after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from engines.backends.torch.operators import LackingError, Operator, Said

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Step:
    """One operator; `spent` are the names whose tensors are needed no more after it.

    `exact` are the places of those inputs that say factors, which must not be rounded.
    """

    operator: Operator
    said: Said
    inputs: Sequence[str]
    outputs: Sequence[str]
    exact: frozenset[int]
    spent: Sequence[str]

    def answers(self, values: Tensors, weights: Tensors, stated: Tensors) -> dict[str, Tensor]:
        """Return what it makes, by name, of its inputs."""
        given = [
            _found(name, (stated, values) if place in self.exact else (values, weights, stated))
            for place, name in enumerate(self.inputs)
        ]
        made = self.operator(self.said, *given)
        several = (made,) if isinstance(made, Tensor) else made
        return {name: one for name, one in zip(self.outputs, several, strict=False) if name}


@dataclass(frozen=True, slots=True)
class Program:
    """Steps from the input to the output, and the constants that they read.

    `stated` are those that say shapes, places and factors: they stay with the host, as they are.
    """

    source: str
    result: str
    dtype: torch.dtype
    steps: Sequence[Step]
    weights: Tensors
    stated: Tensors

    def __call__(self, batch: Tensor) -> Tensor:
        """Return the answer to `batch`, both in the precision of the program."""
        values = {self.source: batch}
        for step in self.steps:
            values.update(step.answers(values, self.weights, self.stated))
            for name in step.spent:
                values.pop(name, None)
        return values[self.result]

    def to(self, device: str) -> Self:
        """Return the program with its weights on that device."""
        return replace(self, weights={name: one.to(device) for name, one in self.weights.items()})


def _found(name: str, among: Sequence[Tensors]) -> Tensor | None:
    """Return the tensor of that name; None for an input that is left out."""
    if not name:
        return None
    for tensors in among:
        if name in tensors:
            return tensors[name]
    raise LackingError(f"no value {name}")
