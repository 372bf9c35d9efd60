"""FSRCNN as an ONNX graph, written node by node: small, and the same bytes for the same weights."""

from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engines.compile.subpixel import REACH, phase_weights
from engines.networks.fsrcnn import FSRCNN, SCALE

OPSET = 18
IR_VERSION = 10
"""Of ONNX Runtime 1.18 and later."""

INPUT, OUTPUT = "x", "y"


class _Chain:
    """Nodes one after the other."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._end = INPUT

    def add(self, kind: str, weights: Iterable[NDArray[np.float32]], **attributes: object) -> None:
        """Append a node that takes what the last one gave, and these weights."""
        number = len(self._nodes)
        names = []
        for index, values in enumerate(weights):
            names.append(f"{kind.lower()}_{number}_{index}")
            self._weights.append(numpy_helper.from_array(values, names[-1]))
        output = f"{kind.lower()}_{number}"
        self._nodes.append(
            helper.make_node(kind, [self._end, *names], [output], output, **attributes)
        )
        self._end = output

    def model(self, name: str) -> onnx.ModelProto:
        """Return the model: any number of images of one channel, of any size."""
        self._nodes[-1].output[0] = OUTPUT
        taken = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 1, "h", "w"])
        given = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", 1, "2h", "2w"])
        graph = helper.make_graph(self._nodes, name, [taken], [given], self._weights)
        model = helper.make_model(
            graph,
            producer_name="senoscope",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def plain(network: FSRCNN) -> onnx.ModelProto:
    """Return the network as it is published, with its deconvolution."""
    chain = _features(network)
    last = network.deconvolve
    chain.add(
        "ConvTranspose",
        [_array(last.weight), _array(last.bias)],
        strides=list(last.stride),
        pads=[*last.padding, *last.padding],
        output_padding=list(last.output_padding),
    )
    return chain.model("fsrcnn")


def subpixel(network: FSRCNN) -> onnx.ModelProto:
    """Return the network with its deconvolution as a convolution and depth-to-space."""
    chain = _features(network)
    last = network.deconvolve
    bias = _array(last.bias.repeat(SCALE * SCALE))
    chain.add("Conv", [_array(phase_weights(last.weight)), bias], pads=[REACH] * 4)
    chain.add("DepthToSpace", [], blocksize=SCALE, mode="CRD")
    return chain.model("fsrcnn-subpixel")


def _features(network: FSRCNN) -> _Chain:
    chain = _Chain()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            pads = [*layer.padding, *layer.padding]
            chain.add("Conv", [_array(layer.weight), _array(layer.bias)], pads=pads)
        elif isinstance(layer, nn.PReLU):
            chain.add("PRelu", [_array(layer.weight)[:, None, None]])
    return chain


def _array(tensor: Tensor) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.ascontiguousarray(tensor.detach().numpy())
    return values
