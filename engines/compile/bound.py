"""Bounds on what the last convolution gives, for the sake of its precision.

OpenVINO rounds what a bf16 convolution gives to bf16: 8 bits, which a 12-bit image shows as steps.
Where an operation without weights is fused to it, what comes out is fp32 at no cost.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from engines.compile.graph import copied, ends_in_subpixel


def bound(model: onnx.ModelProto, low: float, high: float) -> onnx.ModelProto:
    """Return `model` with the answer of its last convolution clipped to `low`..`high`.

    A model that does not end in a convolution and depth-to-space is returned as it is.
    """
    if not ends_in_subpixel(model):
        return model
    bounded = copied(model)
    graph = bounded.graph
    shuffle = graph.node.pop()
    unbounded = shuffle.input[0]
    bounds = {f"{unbounded}_low": low, f"{unbounded}_high": high}
    for name, value in bounds.items():
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    shuffle.input[0] = f"{unbounded}_bounded"
    graph.node.append(helper.make_node("Clip", [unbounded, *bounds], list(shuffle.input)))
    graph.node.append(shuffle)
    return bounded
