"""Small ONNX graphs, written node by node, with weights of chance."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Grows by one node at a time; what a node gives is named by what `add` returns."""

    def __init__(self, channels=1, seed=0, opset=18):
        self.rng = np.random.default_rng(seed)
        self.channels, self.opset = channels, opset
        self.nodes, self.weights = [], []

    def weight(self, values):
        """Return the name of a constant with these values."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def positive(self, *shape):
        """Return the name of weights that let every input be felt in the answer."""
        return self.weight(self.rng.uniform(0.1, 1, shape).astype(np.float32))

    def add(self, kind, *inputs, outputs=1, **attributes):
        """Append a node; return the name of what it gives, or a tuple of them."""
        names = [f"t{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else tuple(names)

    def model(self, output, sides=("n", "c", "p", "q")):
        """Return the model whose answer is that tensor: batches of any size.

        Where no `sides` are stated, the runtime finds out how many the answer has.
        """
        image = ["n", self.channels, "h", "w"]
        taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, image)
        given = helper.make_tensor_value_info(output, TensorProto.FLOAT, sides)
        graph = helper.make_graph(self.nodes, "chance", [taken], [given], self.weights)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, ir_version=10, opset_imports=opsets)
        if sides is not None:
            onnx.checker.check_model(model)
        return model


def answer(model, batch):
    """Return what ONNX Runtime answers."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": batch})[0]
