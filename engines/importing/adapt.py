"""A foreign graph as the shelf wants it, by nodes before and after it; its own stay as they are.

The shelf's graphs take float32 (images, 1, rows, columns) of 0..1 and give (images, channels,
rows, columns), or (images, classes).
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.compile.graph import copied
from engines.importing.chain import FLAT, MODERN_OPSET, Chain, free
from engines.importing.ends import RGB, Taken
from engines.importing.foreign import ForeignError, opset
from engines.importing.wish import Wish

OLDEST_OPSET = 9
"""Older graphs are brought up to `MODERN_OPSET` first."""
NUMBERS = {"value_float": "f4", "value_floats": "f4", "value_int": "i8", "value_ints": "i8"}
"""How constants are written that are no tensors, and what they are as such."""
NCHW_OF_NHWC, NHWC_OF_NCHW = [0, 3, 1, 2], [0, 2, 3, 1]


def modern(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` in an opset that is run here.

    Raises:
        ForeignError: it is too old, and cannot be brought up.
    """
    if not 0 < opset(model) < OLDEST_OPSET:
        return model
    try:
        newer: onnx.ModelProto = onnx.version_converter.convert_version(model, MODERN_OPSET)
    except (RuntimeError, ValueError) as error:
        raise ForeignError(
            f"opset {opset(model)} is too old, and cannot be brought up to {MODERN_OPSET} "
            f"({str(error).splitlines()[0]}): export it again with opset {MODERN_OPSET}"
        ) from None
    return newer


def adapted(model: onnx.ModelProto, ends: Taken, wish: Wish) -> onnx.ModelProto:
    """Return `model`, narrowed to one input and one output, as the shelf wants it."""
    foreign = copied(model)
    graph = foreign.graph
    answer = graph.output[0]
    names = {name for node in graph.node for name in (*node.input, *node.output)}
    before = Chain(opset(foreign), names, free("x", names))
    after = Chain(opset(foreign), names, answer.name)
    image = before.end
    _lead_in(before, ends, wish)
    _lead_out(after, ends, wish, answer.type.tensor_type)
    nodes = [*before.nodes, *graph.node, *after.nodes]
    _rename(nodes, ends.name, before.end)
    given = free("y", names)
    _rename(nodes, after.end, given)
    foreign.ClearField("metadata_props")
    for field in ("node", "input", "output"):
        graph.ClearField(field)
    graph.node.extend(node for node in nodes if node.op_type != "Constant")
    stated = [_constant(node) for node in nodes if node.op_type == "Constant"]
    graph.initializer.extend([*stated, *before.constants, *after.constants])
    side = [ends.side or "h", ends.side or "w"]
    graph.input.append(helper.make_tensor_value_info(image, TensorProto.FLOAT, ["n", 1, *side]))
    sides = [None, None] if wish.task == "classification" else [None, None, None, None]
    graph.output.append(helper.make_tensor_value_info(given, TensorProto.FLOAT, sides))
    if not opset(foreign):
        foreign.opset_import.append(helper.make_opsetid("", MODERN_OPSET))
    return foreign


def for_one(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model`, adapted, for one image at a time: its own nodes count on that."""
    single = copied(model)
    single.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    return single


def _lead_in(chain: Chain, ends: Taken, wish: Wish) -> None:
    """From (images, 1, rows, columns) of 0..1 to what the graph takes."""
    black, white = wish.black_white
    if (black, white) != (0, 1):
        chain.with_number("Mul", white - black)
        chain.with_number("Add", black)
    if ends.channels == RGB:
        chain.add("Concat", times=RGB, axis=1)
    if ends.layout == "nhwc":
        chain.add("Transpose", perm=NHWC_OF_NCHW)
    if ends.layout == "nhw":
        chain.along("Squeeze", 1)
    if ends.layout == "flat":
        chain.add("Flatten", axis=1)
    _cast(chain, ends.kind)


def _cast(chain: Chain, kind: int) -> None:
    if kind == TensorProto.UINT8:
        chain.with_number("Add", 0.5)  # casts cut off
    if kind != TensorProto.FLOAT:
        chain.add("Cast", to=kind)


def _lead_out(chain: Chain, ends: Taken, wish: Wish, given: onnx.TypeProto.Tensor) -> None:
    """From what the graph gives to what the shelf wants."""
    if given.elem_type != TensorProto.FLOAT:
        chain.add("Cast", to=TensorProto.FLOAT)
    if wish.task == "classification":
        chain.add("Flatten", axis=1)
    else:
        _as_picture(chain, ends, given)
    if wish.activation == "sigmoid":
        chain.add("Sigmoid")
    if wish.activation == "softmax":
        chain.softmax(FLAT if wish.task == "classification" else len(NCHW_OF_NHWC))
    if wish.task == "super-resolution":
        _as_shades(chain, ends, wish)


def _as_picture(chain: Chain, ends: Taken, given: onnx.TypeProto.Tensor) -> None:
    axes = len(given.shape.dim) if given.HasField("shape") else {"nhw": 3}.get(ends.layout, 4)
    match axes, ends.layout:
        case 4, "nhwc":
            chain.add("Transpose", perm=NCHW_OF_NHWC)
        case 4, _:
            pass
        case 3, _:
            chain.along("Unsqueeze", 1)
        case _:
            raise ForeignError(f"gives {axes} axes: want a picture, of 3 or 4")


def _as_shades(chain: Chain, ends: Taken, wish: Wish) -> None:
    """Back to grey of 0..1."""
    if ends.channels == RGB:
        chain.along("ReduceMean", 1, keepdims=1)
    black, white = wish.black_white
    if (black, white) != (0, 1):
        chain.with_number("Add", -black)
        chain.with_number("Mul", 1 / (white - black))


def _constant(node: onnx.NodeProto) -> onnx.TensorProto:
    """Return what a node without inputs gives: back ends look for constants among the weights."""
    (attribute,) = node.attribute
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        tensor = onnx.TensorProto()
        tensor.CopyFrom(value)
        tensor.name = node.output[0]
        return tensor
    if attribute.name not in NUMBERS:
        raise ForeignError(f"a constant of another kind ({attribute.name}): export it with numbers")
    return numpy_helper.from_array(np.array(value, NUMBERS[attribute.name]), node.output[0])


def _rename(nodes: Sequence[onnx.NodeProto], old: str, new: str) -> None:
    """Call the tensor `old` `new` wherever it is made or taken."""
    for node in nodes:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
