"""From PyTorch to ONNX: the network as it is published, or exactly rewritten to run faster.

The network is traced (torch.fx) and written node by node under the names of its parameters, for any
number of images of any size that it takes itself.
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from engines.compile.subpixel import fits, phases
from engines.compile.unpool import pool, unpool
from engines.compile.writer import INPUT, Writer

Emitter = Callable[[Writer, str, Any, list[Any]], Any]
"""Writes a layer, given its name and the names of its inputs; returns the name of its answer."""

SIDE = 224
"""Of the image that tells the shape of the answer: every network here takes it."""


def plain(network: nn.Module) -> onnx.ModelProto:
    """Return the network as it is published: deconvolutions, and pooling indices."""
    return _written(network, PUBLISHED)


def rewritten(network: nn.Module) -> onnx.ModelProto:
    """Return the network with deconvolutions as sub-pixel convolutions, and masks for indices."""
    return _written(network, PUBLISHED | REWRITTEN)


def _written(network: nn.Module, emitters: Mapping[Any, Emitter]) -> onnx.ModelProto:
    traced = fx.symbolic_trace(network.eval())
    writer, written = Writer(), Counter[str]()
    values: dict[fx.Node, Any] = {}
    for node in traced.graph.nodes:
        inputs = fx.map_arg(node.args, lambda one: values[one])
        match node.op:
            case "placeholder":
                values[node] = INPUT
            case "call_module":
                layer = traced.get_submodule(node.target)
                name = f"{node.target}.{again}" if (again := written[node.target]) else node.target
                written[node.target] += 1  # a layer without weights may stand in several places
                values[node] = emitters[type(layer)](writer, name, layer, list(inputs))
            case "call_function":
                values[node] = emitters[node.target](writer, node.name, None, list(inputs))
            case "output":
                return _model(writer, network, inputs[0])
    raise ValueError("the network gives no answer")


def _model(writer: Writer, network: nn.Module, answer: str) -> onnx.ModelProto:
    channels = next(network.parameters()).shape[1]
    images = torch.empty(1, channels, SIDE, SIDE, device="meta")
    weights = {name: value.to("meta") for name, value in network.state_dict().items()}
    _, *shape = torch.func.functional_call(network, weights, (images,)).shape
    given: list[int | str] = ["n", shape[0]]
    if len(shape) > 1:
        scale = shape[1] // SIDE
        given += ["h", "w"] if scale == 1 else [f"{scale}h", f"{scale}w"]
    return writer.model(type(network).__name__.lower(), channels, answer, given)


def _array(values: Tensor) -> NDArray[Any]:
    found: NDArray[Any] = values.detach().cpu().numpy()
    return found


def _weights(writer: Writer, name: str, layer: nn.Module, ends: str) -> list[str]:
    """Keep the weights of `layer` with those names, those that it has, and return their names."""
    there = [(end, getattr(layer, end)) for end in ends.split()]
    return [
        writer.weight(f"{name}.{end}", _array(value)) for end, value in there if value is not None
    ]


def _node(kind: str, weights: str = "", **attributes: object) -> Emitter:
    """Return what writes a layer as one node of that kind with these weights and attributes."""

    def emit(writer: Writer, name: str, layer: nn.Module, inputs: list[str]) -> str:
        return writer.add(kind, name, inputs + _weights(writer, name, layer, weights), **attributes)

    return emit


def _convolution(writer: Writer, name: str, layer: nn.Conv2d, inputs: list[str]) -> str:
    return writer.add(
        "Conv",
        name,
        inputs + _weights(writer, name, layer, "weight bias"),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],
        dilations=list(layer.dilation),
        group=layer.groups,
    )


def _deconvolution(writer: Writer, name: str, layer: nn.ConvTranspose2d, inputs: list[str]) -> str:
    return writer.add(
        "ConvTranspose",
        name,
        inputs + _weights(writer, name, layer, "weight bias"),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],
        output_padding=list(layer.output_padding),
    )


def _subpixel(writer: Writer, name: str, layer: nn.ConvTranspose2d, inputs: list[str]) -> str:
    """Write a deconvolution as a convolution and depth-to-space."""
    if not fits(layer):
        return _deconvolution(writer, name, layer, inputs)
    stride, padding = layer.stride[0], layer.padding[0]
    made = phases(layer.weight, stride, padding)
    weights = [writer.weight(f"{name}.weight", _array(made.weight))]
    if layer.bias is not None:
        bias = _array(layer.bias.repeat_interleave(stride * stride))
        weights.append(writer.weight(f"{name}.bias", bias))
    pads = [made.before, made.before, made.after, made.after]
    inside = writer.add("Conv", f"{name}.phases", inputs + weights, pads=pads)
    return writer.add("DepthToSpace", name, [inside], blocksize=stride, mode="CRD")


def _slopes(writer: Writer, name: str, layer: nn.PReLU, inputs: list[str]) -> str:
    slopes = writer.weight(f"{name}.weight", _array(layer.weight)[:, None, None])
    return writer.add("PRelu", name, [*inputs, slopes])


def _pooling(kind: str) -> Emitter:
    def emit(writer: Writer, name: str, layer: Any, inputs: list[str]) -> Any:  # noqa: ANN401
        if getattr(layer, "return_indices", False):
            return writer.max_indices(name, inputs[0], layer.kernel_size)
        sides = {"kernel_shape": [layer.kernel_size] * 2, "strides": [layer.stride] * 2}
        return writer.add(kind, name, inputs, pads=[layer.padding] * 4, **sides)

    return emit


def _masked_pooling(writer: Writer, name: str, layer: Any, inputs: list[str]) -> Any:  # noqa: ANN401
    if layer.return_indices:
        return pool(writer, name, inputs[0])
    return _pooling("MaxPool")(writer, name, layer, inputs)


def _unpooling(writer: Writer, name: str, layer: Any, inputs: list[str]) -> str:  # noqa: ANN401
    return writer.add(
        "MaxUnpool", name, inputs, kernel_shape=list(layer.kernel_size), strides=list(layer.stride)
    )


def _masked_unpooling(writer: Writer, name: str, _: nn.Module, inputs: list[Any]) -> str:
    return unpool(writer, name, *inputs)


def _scaling(writer: Writer, name: str, _: None, inputs: list[Any]) -> str:
    value, factor = inputs
    return writer.add(
        "Mul", name, [value, writer.weight(f"{name}.factor", np.array(factor, np.float32))]
    )


def _concatenation(writer: Writer, name: str, _: None, inputs: list[Any]) -> str:
    values, axis = inputs
    return writer.add("Concat", name, list(values), axis=axis)


def _through(_writer: Writer, _name: str, _layer: object, inputs: list[Any]) -> Any:  # noqa: ANN401
    return inputs[0]


def _one_of(_writer: Writer, _name: str, _layer: None, inputs: list[Any]) -> Any:  # noqa: ANN401
    return inputs[0][inputs[1]]


def _shuffle(writer: Writer, name: str, layer: nn.PixelShuffle, inputs: list[str]) -> str:
    return writer.add("DepthToSpace", name, inputs, blocksize=layer.upscale_factor, mode="CRD")


PUBLISHED: dict[Any, Emitter] = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _deconvolution,
    nn.BatchNorm2d: _node("BatchNormalization", "weight bias running_mean running_var"),
    nn.Linear: _node("Gemm", "weight bias", transB=1),
    nn.PReLU: _slopes,
    nn.ReLU: _node("Relu"),
    nn.Sigmoid: _node("Sigmoid"),
    nn.Softmax: _node("Softmax", axis=1),
    nn.MaxPool2d: _pooling("MaxPool"),
    nn.AvgPool2d: _pooling("AveragePool"),
    nn.AdaptiveAvgPool2d: _node("GlobalAveragePool"),
    nn.MaxUnpool2d: _unpooling,
    nn.PixelShuffle: _shuffle,
    nn.Flatten: _node("Flatten"),
    nn.Dropout: _through,
    operator.add: _node("Add"),
    operator.mul: _scaling,
    operator.getitem: _one_of,
    torch.cat: _concatenation,
}

REWRITTEN: dict[Any, Emitter] = {
    nn.ConvTranspose2d: _subpixel,
    nn.MaxPool2d: _masked_pooling,
    nn.MaxUnpool2d: _masked_unpooling,
}
