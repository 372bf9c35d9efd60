"""The network in fp16: weights and arithmetic, while what goes in and comes out stays fp32.

ONNX Runtime has a converter too, but importing it appends its folder to `sys.path`, and it needs
ONNX Runtime on machines that run TensorRT alone.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from engines.compile.graph import copied

MOST = float(np.finfo(np.float16).max)

FP32_INPUTS = {"Resize": {1, 2}, "Upsample": {1}}
"""Inputs that ONNX wants in fp32 whatever the type of the rest: regions and scales."""

ZERO = numpy_helper.from_array(np.zeros(1, np.float16))
"""What fills a shape where nothing is said; ONNX would take an fp32 zero."""

TYPE_ATTRIBUTES = {"Cast": "to"}
"""Attributes that name the type of what a node gives; all others call theirs `dtype`."""


def half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` computing in fp16, from the same input to the same output in fp32.

    Finite numbers too large for fp16 become its largest. What is about integers stays as it is.
    """
    halved = copied(model)
    graph = halved.graph
    _halve(graph, kept=set(_fp32_names(graph)))
    del graph.value_info[:]
    weights = {tensor.name for tensor in graph.initializer}
    first = [_cast_input(graph, one) for one in graph.input if _is_fp32(one, weights)]
    last = [_cast_output(graph, one) for one in graph.output if _is_fp32(one, weights)]
    nodes = [*first, *graph.node, *last]
    del graph.node[:]
    graph.node.extend(nodes)
    return halved


def _halve(graph: GraphProto, kept: set[str]) -> None:
    """Make all of `graph` fp16 but the tensors named in `kept`."""
    for tensor in graph.initializer:
        if tensor.name not in kept:
            _halve_tensor(tensor)
    for node in graph.node:
        if not kept.intersection(node.output):
            _halve_node(node, kept)


def _halve_node(node: NodeProto, kept: set[str]) -> None:
    """Make the types, constants and subgraphs that `node` states fp16."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            _halve_tensor(attribute.t)
        elif attribute.type == AttributeProto.GRAPH:
            _halve(attribute.g, kept)
            del attribute.g.value_info[:]
        elif attribute.name == TYPE_ATTRIBUTES.get(node.op_type, "dtype"):
            if attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
        elif node.op_type == "Constant" and attribute.name in {"value_float", "value_floats"}:
            _make_tensor(attribute)
    if node.op_type == "ConstantOfShape" and not node.attribute:
        node.attribute.append(helper.make_attribute("value", ZERO))


def _make_tensor(attribute: AttributeProto) -> None:
    """Turn the number or numbers of a constant, which are fp32, into an fp16 tensor."""
    given = attribute.f if attribute.name == "value_float" else list(attribute.floats)
    tensor = numpy_helper.from_array(_halved(np.asarray(given, np.float32)))
    attribute.CopyFrom(helper.make_attribute("value", tensor))


def _halve_tensor(tensor: TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT:
        values = _halved(numpy_helper.to_array(tensor))
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _halved(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return `values` in fp16; infinities stay infinite, and only they become so."""
    held = np.where(np.isinf(values), values, np.clip(values, -MOST, MOST))
    return held.astype(np.float16)


def _fp32_names(graph: GraphProto) -> Iterator[str]:
    """Yield the names of tensors that some node wants in fp32."""
    for node in graph.node:
        for index in FP32_INPUTS.get(node.op_type, ()):
            if index < len(node.input) and node.input[index]:
                yield node.input[index]


def _is_fp32(value: onnx.ValueInfoProto, weights: set[str]) -> bool:
    return value.type.tensor_type.elem_type == TensorProto.FLOAT and value.name not in weights


def _cast_input(graph: GraphProto, given: onnx.ValueInfoProto) -> NodeProto:
    """Let all nodes use an fp16 copy of an input, and return the node that makes it."""
    name = f"{given.name}_fp16"
    _rename_uses(graph, given.name, name)
    return helper.make_node("Cast", [given.name], [name], name, to=TensorProto.FLOAT16)


def _rename_uses(graph: GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _rename_uses(attribute.g, old, new)


def _cast_output(graph: GraphProto, wanted: onnx.ValueInfoProto) -> NodeProto:
    """Rename what gives an output, and return the node that makes the output of it."""
    name = f"{wanted.name}_fp16"
    _rename_uses(graph, wanted.name, name)
    for node in graph.node:
        node.output[:] = [name if each == wanted.name else each for each in node.output]
    return helper.make_node("Cast", [name], [wanted.name], f"{name}_to_fp32", to=TensorProto.FLOAT)
