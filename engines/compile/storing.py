"""Weights kept in fp16 and computed with in fp32: half the size, on the shelf and in git.

Each tensor that is kept so goes through a Cast to fp32, which every ONNX tool understands; here it
is taken away again where a model is read, so that what looks for weights finds weights.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.compile.graph import copied

KEPT = "_fp16"
"""What the name of a tensor kept in fp16 ends in."""

LEAST = 64
"""Values that are worth a node: biases and slopes are kept as they are."""


def slim(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with its large tensors kept in fp16.

    Raises:
        ValueError: a weight is too large for fp16.
    """
    small, casts = copied(model), []
    for tensor in small.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LEAST:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(f"{tensor.name} is too large for fp16")
        name = tensor.name
        kept = numpy_helper.from_array(values.astype(np.float16), name + KEPT)
        tensor.CopyFrom(kept)
        casts.append(helper.make_node("Cast", [name + KEPT], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *small.graph.node]
    del small.graph.node[:]
    small.graph.node.extend(nodes)
    return small


def full(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with its weights in fp32; one that keeps none in fp16 as it is."""
    halves = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT16
    }
    casts = {
        node.output[0]: halves[node.input[0]]
        for node in model.graph.node
        if node.op_type == "Cast" and node.input[0] in halves and _is_to_fp32(node)
    }
    if not casts:
        return model
    whole = copied(model)
    nodes = [node for node in whole.graph.node if node.output[0] not in casts]
    taken = {name for node in nodes for name in node.input}
    kept = [one for one in whole.graph.initializer if one.name not in halves or one.name in taken]
    for name, tensor in casts.items():
        values = numpy_helper.to_array(tensor).astype(np.float32)
        kept.append(numpy_helper.from_array(values, name))
    del whole.graph.node[:], whole.graph.initializer[:]
    whole.graph.node.extend(nodes)
    whole.graph.initializer.extend(kept)
    return whole


def read(path: Path) -> onnx.ModelProto:
    """Return the model in `path`, its weights in fp32; what it keeps in other files is not read.

    Raises:
        OSError: it cannot be read.
        google.protobuf.message.DecodeError: it is no model.
    """
    return full(onnx.load_model(path, load_external_data=False))


def _is_to_fp32(node: onnx.NodeProto) -> bool:
    return any(one.name == "to" and one.i == TensorProto.FLOAT for one in node.attribute)
