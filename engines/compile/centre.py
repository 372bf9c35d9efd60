"""The input about zero: exactly equal, and half the rounding error where the input is rounded.

A back end in bf16 rounds what it is given to 8 bits of its magnitude. Values of 0..1 lose half as
much when they come as -0.5..0.5; the first convolution's bias makes up for it.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from engines.compile.graph import copied, put_weights, tensors


def centre(model: onnx.ModelProto, middle: float) -> onnx.ModelProto:
    """Return `model` for a batch from which `middle` has been subtracted.

    Its first node must be a convolution without padding, for padding is zero before and after.
    """
    centred = copied(model)
    first, there = centred.graph.node[0], tensors(centred)
    weight, *biases = (numpy_helper.to_array(there[name]) for name in first.input[1:] if name)
    share = weight.sum(axis=(1, 2, 3)) * np.float32(middle)
    raised = biases[0] + share if biases else share
    put_weights(centred, first, 2, raised.astype(np.float32))
    return centred
