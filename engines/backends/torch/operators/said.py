"""What a node says besides its inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


class LackingError(Exception):
    """A way of an operator that is not known here; the message says which."""


@dataclass(frozen=True, slots=True)
class Said:
    """A node's attributes, how many outputs are wanted, and what its operators are written in.

    `dtype` is what all numbers with a fraction are kept in.
    """

    attributes: Mapping[str, Any]
    outputs: int
    opset: int
    dtype: torch.dtype

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any kind of attribute
        """Return that attribute, or what it is where nothing is said."""
        return self.attributes.get(name, default)

    def stated(self, name: str, tensor: Tensor | None = None) -> list[int] | None:
        """Return integers said by an attribute in older opsets and by an input in newer ones."""
        if tensor is not None:
            return [int(value) for value in tensor.flatten().tolist()]
        said = self.attributes.get(name)
        return None if said is None else list(said)


Operator = Callable[..., Any]
"""Takes what is said and the inputs (None where left out); returns one tensor or several."""
