"""Writing an ONNX graph node by node: small, and the same bytes for the same weights."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 10
"""Of ONNX Runtime 1.18 and later."""

INPUT, OUTPUT = "x", "y"


class Writer:
    """A graph in the making; a value in it is known by its name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def add(self, kind: str, name: str, inputs: list[str], **attributes: object) -> str:
        """Append a node that gives one value, called `name`, and return that name."""
        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def split(self, name: str, value: str, parts: int) -> list[str]:
        """Append a node that parts the channels of `value`, and return the parts' names."""
        names = [f"{name}.{number}" for number in range(parts)]
        self._nodes.append(
            helper.make_node("Split", [value], names, name, axis=1, num_outputs=parts)
        )
        return names

    def max_indices(self, name: str, value: str, side: int) -> tuple[str, str]:
        """Append a pooling that also gives where in `value` each maximum stood."""
        names = (name, f"{name}.indices")
        shape = {"kernel_shape": [side] * 2, "strides": [side] * 2}
        self._nodes.append(helper.make_node("MaxPool", [value], names, name, **shape))
        return names

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        """Keep `values` under that name, and return it."""
        self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def model(
        self, name: str, channels: int, answer: str, shape: list[int | str]
    ) -> onnx.ModelProto:
        """Return the model: it takes (n, `channels`, h, w) and gives the value `answer`."""
        for node in self._nodes:
            node.input[:] = [OUTPUT if one == answer else one for one in node.input]
            node.output[:] = [OUTPUT if one == answer else one for one in node.output]
        taken = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", channels, "h", "w"])
        given = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self._nodes, name, [taken], [given], list(self._weights.values()))
        model = helper.make_model(
            graph,
            producer_name="senoscope",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model
