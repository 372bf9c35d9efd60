"""The sub-pixel convolution with 16 channels: exactly equal, and what vector units like best.

Four output channels leave three quarters of a 16-wide vector empty. Two by two neighbouring
positions computed at once fill it: a 5 x 5 convolution to 4 phases is a 6 x 6 convolution of stride
2 to 16 phases. Sides must then be even, so this form is made where an engine is opened on windows
of a fixed size, and the weights on the shelf stay in the form that takes any size.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from engines.compile.graph import copied, ends_in_subpixel, put_weights, tensors
from engines.compile.nodes import attributes

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
    convolution, shuffle = wide.graph.node[-2:]
    there = tensors(wide)
    if not there.keys() >= set(convolution.input[1:]) or not _is_plain(convolution):
        return model
    weight, *biases = (numpy_helper.to_array(there[name]) for name in convolution.input[1:])
    scale = attributes(shuffle)["blocksize"]
    if len(weight) != scale**2:
        return model
    put_weights(wide, convolution, 1, _wide_weights(weight, scale))
    if biases:
        put_weights(wide, convolution, 2, _wide_bias(biases[0], scale))
    _state(convolution, kernel_shape=[side + FOLD - 1 for side in weight.shape[2:]])
    _state(convolution, strides=[FOLD, FOLD])
    _state(shuffle, blocksize=scale * FOLD)
    del wide.graph.value_info[:]
    return wide


def fits(wide: onnx.ModelProto, rows: int, columns: int) -> bool:
    """Return whether an answer of that size can be given by a widened model: in whole blocks."""
    block: int = attributes(wide.graph.node[-1])["blocksize"]
    return rows % block == 0 and columns % block == 0


def _is_plain(convolution: onnx.NodeProto) -> bool:
    """Return whether a convolution has neither stride, dilation, groups nor padding to be found."""
    stated = attributes(convolution)
    return stated.get("auto_pad", "NOTSET") == "NOTSET" and {
        *stated.get("strides", [1]),
        *stated.get("dilations", [1]),
        stated.get("group", 1),
    } == {1}


def _state(node: onnx.NodeProto, **stated: object) -> None:
    """Let `node` state these attributes, in place of what it stated before."""
    kept = [one for one in node.attribute if one.name not in stated]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(*one) for one in stated.items())])


def _wide_weights(phases: Weights, scale: int) -> Weights:
    """Return (16, channels, k + 1, k + 1) for (4, channels, k, k).

    Output channel (p s + a, q s + b) is phase (a, b) at the position p rows down and q columns on.
    """
    _, channels, down, across = phases.shape
    side = FOLD * scale
    wide = np.zeros((side, side, channels, down + FOLD - 1, across + FOLD - 1), np.float32)
    by_phase = phases.reshape(scale, scale, channels, down, across)
    for p in range(FOLD):
        for q in range(FOLD):
            rows, columns = slice(p * scale, (p + 1) * scale), slice(q * scale, (q + 1) * scale)
            wide[rows, columns, :, p : p + down, q : q + across] = by_phase
    return wide.reshape(side * side, channels, *wide.shape[-2:])


def _wide_bias(bias: Weights, scale: int) -> Weights:
    """Return (16,) for (4,), in the order of `_wide_weights`."""
    return np.tile(bias.reshape(scale, scale), (FOLD, FOLD)).reshape(-1)
