"""Bounds on what the last convolution gives, for the sake of its precision.

OpenVINO rounds what a bf16 convolution gives to bf16: 8 bits, which a 12-bit image shows as steps.
Where an operation without weights is fused to it, what comes out is fp32 at no cost.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from engines.compile.graph import copied, ends_in, ends_in_subpixel


def bound(model: onnx.ModelProto, low: float, high: float) -> onnx.ModelProto:
    """Return `model` with the answer of its last convolution clipped to `low`..`high`.

    A model that does not end in a convolution, or in one and depth-to-space, is returned as it is.
    """
    if not (ends_in(model, "Conv") or ends_in_subpixel(model)):
        return model
    bounded = copied(model)
    nodes = list(bounded.graph.node)
    last = len(nodes) - (2 if ends_in_subpixel(model) else 1)
    answer = nodes[last].output[0]
    nodes[last].output[0] = f"{answer}_unbounded"
    bounds = {f"{answer}_low": low, f"{answer}_high": high}
    for name, value in bounds.items():
        tensor = numpy_helper.from_array(np.array(value, np.float32), name)
        bounded.graph.initializer.append(tensor)
    clip = helper.make_node("Clip", [f"{answer}_unbounded", *bounds], [answer])
    del bounded.graph.node[:]
    bounded.graph.node.extend([*nodes[: last + 1], clip, *nodes[last + 1 :]])
    return bounded
