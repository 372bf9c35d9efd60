"""How often a pooling that remembers remembers another place, in a precision with fewer bits."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import onnx
import torch
from torch import Tensor

from engines.backends.torch.reading import program
from engines.card import Card
from engines.engine import Batch


def moved(card: Card, seen: Sequence[Batch], dtype: torch.dtype) -> list[float]:
    """Return for each pooling the share of its windows whose largest value moves, against fp32.

    Empty where the network has no masks of pooling. A window that moves changes two masks.
    """
    model = onnx.load_model(card.weights)
    masks = sorted({node.input[0] for node in model.graph.node if node.op_type == "Where"})
    shares: defaultdict[str, list[float]] = defaultdict(list)
    for window in seen if masks else ():
        exact, rounded = (_values(model, window, kind) for kind in (torch.float32, dtype))
        for mask in masks:
            pooling = mask.rsplit(".", 2)[0]  # pool.2.first.1 is a mask of pool.2
            shares[pooling].append((exact[mask] != rounded[mask]).float().mean().item())
    return [float(np.mean(of) * 4 / 2) for of in shares.values()]


def _values(model: onnx.ModelProto, window: Batch, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return the masks that are made on the way."""
    made, masks = program(model, dtype), {}
    values = {made.source: torch.from_numpy(window).to(dtype)}
    with torch.inference_mode():
        for step in made.steps:
            values.update(step.answers(values, made.weights, made.stated))
            masks |= {
                name: values[name] for name in step.outputs if values[name].dtype == torch.bool
            }
            for name in step.spent:
                values.pop(name, None)
    return masks
