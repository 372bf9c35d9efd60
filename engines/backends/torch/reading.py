"""From an ONNX graph to a program."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor

from engines.backends.torch.operators import OPERATORS, LackingError, Said
from engines.backends.torch.program import Program, Step
from engines.compile.nodes import attributes, constants, opset

STANDARD = {"", "ai.onnx"}

EXACT = {"Resize": frozenset({2, 3}), "Pad": frozenset({1, 2, 3})}
"""Inputs, by place, that say factors or sizes and must be constants."""

PICTURE = 4
"""The axes of a convolution's weights: outputs, inputs, rows, columns."""


def program(model: onnx.ModelProto, dtype: torch.dtype) -> Program:
    """Return `model` as a program whose weights and values with a fraction are of that kind.

    What depends on constants only is computed here, once.

    Raises:
        LackingError: it has an operator that is not known here, or weights outside the file.
    """
    graph, kept = model.graph, constants(model.graph)
    sources = [one.name for one in graph.input if one.name not in kept]
    if len(sources) != 1 or not graph.output:
        raise LackingError(f"a graph of {len(sources)} inputs and {len(graph.output)} outputs")
    read = {name: _tensor(one) for name, one in kept.items()}
    weights = {name: _in(dtype, one) for name, one in read.items() if one.dtype != torch.int64}
    stated = {name: one for name, one in read.items() if one.dim() <= 1 or name not in weights}
    steps = list(_steps(graph, opset(model), dtype))
    whole = Program(sources[0], graph.output[0].name, dtype, steps, weights, stated)
    return _without_unread(_without_constant_steps(whole))


def _without_constant_steps(whole: Program) -> Program:
    """Return the program with what it computes of constants among its constants."""
    weights, stated, steps = dict(whole.weights), dict(whole.stated), []
    for step in whole.steps:
        if any(name and name not in weights and name not in stated for name in step.inputs):
            steps.append(step)
            continue
        for name, one in step.answers({}, weights, stated).items():
            if one.dtype == torch.int64 or one.dim() <= 1:  # it may be a shape, or a factor
                stated[name] = one
            if one.dtype != torch.int64:
                weights[name] = one
    return replace(whole, steps=steps, weights=weights, stated=stated)


def _without_unread(whole: Program) -> Program:
    read = {name for step in whole.steps for name in step.inputs} | {whole.result}
    weights = {name: one for name, one in whole.weights.items() if name in read}
    stated = {name: one for name, one in whole.stated.items() if name in read}
    return replace(whole, weights=weights, stated=stated)


def _steps(graph: onnx.GraphProto, version: int, dtype: torch.dtype) -> Iterator[Step]:
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    last = {name: number for number, node in enumerate(nodes) for name in node.input}
    for number, node in enumerate(nodes):
        if node.domain not in STANDARD or node.op_type not in OPERATORS:
            raise LackingError(f"no operator {node.op_type} of {node.domain or 'ONNX'}")
        ended = {name for name in node.input if last[name] == number}
        unread = {name for name in node.output if name not in last}
        yield Step(
            OPERATORS[node.op_type],
            Said(attributes(node), len(node.output), version, dtype),
            list(node.input),
            list(node.output),
            EXACT.get(node.op_type, frozenset()),
            sorted((ended | unread) - {graph.output[0].name}),
        )


def _tensor(one: onnx.TensorProto) -> Tensor:
    """Return a constant as the graph states it."""
    if one.data_location == TensorProto.EXTERNAL:
        raise LackingError(f"weights outside the file ({one.name})")
    array = np.array(numpy_helper.to_array(one))
    if one.data_type == TensorProto.BFLOAT16:  # which NumPy does not have
        array = array.astype(np.float32)
    return torch.from_numpy(array)


def _in(dtype: torch.dtype, values: Tensor) -> Tensor:
    """Return values with a fraction in that kind, and convolutions' weights channels last."""
    cast = values.to(dtype) if values.is_floating_point() else values
    if cast.dim() == PICTURE:
        return cast.contiguous(memory_format=torch.channels_last)
    return cast
