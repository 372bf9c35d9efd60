"""Reading the nodes of a graph: their attributes, and what is constant in it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

PASSED_ON = {"Identity", "Cast", "CastLike"}
"""What leaves a constant a constant of the same shape."""


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the attributes of `node` by name; text as `str`."""
    values = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Return the tensors that `graph` states, by name."""
    found = {tensor.name: tensor for tensor in graph.initializer}
    stated = (node for node in graph.node if node.op_type == "Constant")
    return found | {node.output[0]: _tensor(node) for node in stated}


def passed_on(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """Return the tensors that `graph` states, also by the names that they are passed on under."""
    found = constants(graph)
    for node in graph.node:
        if node.op_type in PASSED_ON and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return found


def values(
    name: str, among: Mapping[str, onnx.TensorProto]
) -> NDArray[np.floating | np.integer] | None:
    """Return the values of that constant, or None if it is none."""
    return numpy_helper.to_array(among[name]) if name in among else None


def opset(model: onnx.ModelProto) -> int:
    """Return the version of the standard operators that `model` is written in."""
    versions = [one.version for one in model.opset_import if one.domain in {"", "ai.onnx"}]
    return max(versions, default=1)


def _tensor(node: onnx.NodeProto) -> onnx.TensorProto:
    """Return what a Constant says, in whichever of its ways (`value_ints`, `value_float`, ...)."""
    name, value = next(iter(attributes(node).items()))
    if name == "value":
        return value
    kind = np.int64 if "int" in name else np.float32
    return numpy_helper.from_array(np.array(value, kind))
