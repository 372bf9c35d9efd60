"""The sub-pixel convolution with 16 channels: exactly equal, and what vector units like best.

Four output channels leave three quarters of a 16-wide vector empty. Two by two neighbouring
positions computed at once fill it: a 5 x 5 convolution to 4 phases is a 6 x 6 convolution of stride
2 to 16 phases. Sides must then be even, so this form is made where an engine is opened on windows
of a fixed size, and the weights on the shelf stay in the form that takes any size.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from engines.compile.graph import copied, ends_in_subpixel

Weights = NDArray[np.float32]

FOLD = 2
"""Positions computed at once, to either side."""


def widen(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with its last convolution to 4 phases made one to 16.

    A model that does not end in such a convolution and depth-to-space is returned as it is.
    """
    if not ends_in_subpixel(model):
        return model
    wide = copied(model)
    tensors = {tensor.name: tensor for tensor in wide.graph.initializer}
    convolution, shuffle = wide.graph.node[-2:]
    weight, bias = (tensors[name] for name in convolution.input[1:])
    scale = _attribute(shuffle, "blocksize").i
    if weight.dims[0] != scale**2:
        return model
    weight.CopyFrom(
        numpy_helper.from_array(_wide_weights(numpy_helper.to_array(weight), scale), weight.name)
    )
    bias.CopyFrom(numpy_helper.from_array(np.tile(numpy_helper.to_array(bias), FOLD**2), bias.name))
    convolution.attribute.append(onnx.helper.make_attribute("strides", [FOLD, FOLD]))
    _attribute(shuffle, "blocksize").i = scale * FOLD
    del wide.graph.value_info[:]
    return wide


def _wide_weights(phases: Weights, scale: int) -> Weights:
    """Return (16, channels, k + 1, k + 1) for (4, channels, k, k).

    Output channel (p s + a, q s + b) is phase (a, b) at the position p rows down and q columns on.
    """
    _, channels, size, _ = phases.shape
    side = FOLD * scale
    wide = np.zeros((side, side, channels, size + FOLD - 1, size + FOLD - 1), np.float32)
    by_phase = phases.reshape(scale, scale, channels, size, size)
    for p in range(FOLD):
        for q in range(FOLD):
            rows, columns = slice(p * scale, (p + 1) * scale), slice(q * scale, (q + 1) * scale)
            wide[rows, columns, :, p : p + size, q : q + size] = by_phase
    return wide.reshape(side * side, channels, *wide.shape[-2:])


def _attribute(node: onnx.NodeProto, name: str) -> onnx.AttributeProto:
    return next(attribute for attribute in node.attribute if attribute.name == name)
