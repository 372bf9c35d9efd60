"""The graph of FSRCNN as it is published, with its deconvolution: what peers are timed on."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

SCALE, KERNEL, PADDING = 2, 9, 4


def with_deconvolution(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the sub-pixel graph of the shelf with the deconvolution it was made from."""
    plain = _in_fp32(model)
    convolution, shuffle = plain.graph.node[-2:]
    names = list(convolution.input[1:])
    tensors = {tensor.name: tensor for tensor in plain.graph.initializer}
    phases, bias = (numpy_helper.to_array(tensors[name]) for name in names)
    tensors[names[0]].CopyFrom(numpy_helper.from_array(kernel_of(phases), names[0]))
    tensors[names[1]].CopyFrom(numpy_helper.from_array(bias[:1], names[1]))
    deconvolution = helper.make_node(
        "ConvTranspose",
        list(convolution.input),
        list(shuffle.output),
        strides=[SCALE, SCALE],
        pads=[PADDING] * 4,
        output_padding=[SCALE - 1] * 2,
    )
    del plain.graph.node[-2:]
    plain.graph.node.append(deconvolution)
    return plain


def _in_fp32(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with the weights that it keeps in fp16 in fp32, as it computes with them."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    kept = {tensor.name: tensor for tensor in plain.graph.initializer}
    for cast in [node for node in plain.graph.node if node.op_type == "Cast"]:
        half = kept[cast.input[0]]
        values = numpy_helper.to_array(half).astype(np.float32)
        half.CopyFrom(numpy_helper.from_array(values, cast.output[0]))
        plain.graph.node.remove(cast)
    return plain


def kernel_of(phases: np.ndarray) -> np.ndarray:
    """Return (channels, 1, 9, 9) for (4, channels, 5, 5): the taps put back in their places."""
    kernel = np.zeros((phases.shape[1], KERNEL + 1, KERNEL + 1), np.float32)
    for a in range(SCALE):
        for b in range(SCALE):
            kernel[:, a::SCALE, b::SCALE] = phases[SCALE * a + b, :, ::-1, ::-1]
    return kernel[:, None, :KERNEL, :KERNEL].copy()
