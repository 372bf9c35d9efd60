"""What the steps from the shelf to a back end share."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy of `model` that may be changed."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def is_chain(model: onnx.ModelProto) -> bool:
    """Return whether each node of `model` takes what the one before gave, and nobody else does.

    All else that the nodes take are weights.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    given = next((one.name for one in model.graph.input if one.name not in weights), "")
    for node in model.graph.node:
        if (
            len(node.output) != 1
            or list(node.input[:1]) != [given]
            or not weights.issuperset(node.input[1:])
        ):
            return False
        given = node.output[0]
    return [answer.name for answer in model.graph.output] == [given]


def ends_in(model: onnx.ModelProto, *kinds: str) -> bool:
    """Return whether the answer of `model` is that of nodes of these kinds, one after the other."""
    last = model.graph.node[-len(kinds) :]
    if [node.op_type for node in last] != list(kinds):
        return False
    taken = [name for node in model.graph.node for name in node.input]
    passed = [node.output[0] for node in last]
    answers = [answer.name for answer in model.graph.output]
    return (
        [node.input[0] for node in last[1:]] == passed[:-1]
        and all(taken.count(name) == 1 for name in passed[:-1])
        and answers == passed[-1:]
    )


def ends_in_subpixel(model: onnx.ModelProto) -> bool:
    """Return whether `model` ends in a convolution and depth-to-space."""
    return ends_in(model, "Conv", "DepthToSpace")


def tensors(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Return the weights of `model` by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def put_weights(
    model: onnx.ModelProto, node: onnx.NodeProto, place: int, values: NDArray[np.float32]
) -> None:
    """Let input number `place` of `node` be `values`; other nodes keep what they share with it."""
    name = f"{node.output[0]}.input.{place}"
    model.graph.initializer.append(numpy_helper.from_array(values, name))
    node.input[:] = [*node.input[:place], name, *node.input[place + 1 :]]
