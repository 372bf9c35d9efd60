"""Nodes that are put before and after a foreign graph, in the opset that it is written in."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from engines.importing.foreign import ForeignError

MODERN_OPSET = 18
SOFTMAX_BY_AXIS = 13
"""From this opset on, a softmax over channels is one."""
AXES_AS_INPUT = {"Squeeze": 13, "Unsqueeze": 13, "ReduceMean": 18}
"""From which opset on the axes are an input."""
FLAT = 2


class Chain:
    """Nodes one after the other, from the tensor `end` on."""

    def __init__(self, version: int, names: set[str], end: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.end = end
        self._version = version or MODERN_OPSET
        self._names = names

    def add(self, kind: str, *more: str, times: int = 1, **attributes: int | list[int]) -> None:
        """Append a node that takes what the last one gave, so many times, and `more`."""
        output = free(f"{self.end}_{kind.lower()}", self._names)
        inputs = [self.end] * times + list(more)
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        self.end = output

    def with_number(self, kind: str, value: float) -> None:
        """Append a node that takes what the last one gave, and a number."""
        self.add(kind, self._constant(np.array(value, np.float32)))

    def along(self, kind: str, axis: int, **attributes: int) -> None:
        """Append a node that works along an axis, which newer opsets take as an input."""
        if self._version < AXES_AS_INPUT[kind]:
            self.add(kind, axes=[axis], **attributes)
        else:
            self.add(kind, self._constant(np.array([axis], np.int64)), **attributes)

    def softmax(self, axes: int) -> None:
        """Append a softmax over axis 1 of that many."""
        if self._version < SOFTMAX_BY_AXIS and axes != FLAT:
            raise ForeignError(f"--activation softmax needs opset {SOFTMAX_BY_AXIS}: export it so")
        self.add("Softmax", axis=1)

    def _constant(self, values: NDArray[np.generic]) -> str:
        name = free(f"{self.end}_constant", self._names)
        self.constants.append(numpy_helper.from_array(values, name))
        return name


def free(name: str, names: set[str]) -> str:
    """Return a name like `name` that no tensor has, and take it."""
    while name in names:
        name += "_"
    names.add(name)
    return name
