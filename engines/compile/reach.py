"""How far a network sees: its receptive field, read off its ONNX graph.

Followed from the image to the answer is which pixels each place of a tensor depends on, as an
interval in fractions of pixels. It is never too small; where phases of several resolutions meet
(an encoder and a decoder) it may be a few pixels larger than what is seen in fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from math import lcm

import onnx

from engines.compile.field import Field, UnboundedError
from engines.compile.nodes import attributes, opset, passed_on, values
from engines.compile.taps import RANK, TAPS, Constants

_PLACE_BY_PLACE = """
Abs Add And BitwiseAnd BitwiseNot BitwiseOr Cast CastLike Ceil Celu Clip Cos Div Dropout Elu Equal
Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less
LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid
Sign Sin Softplus Softsign Sqrt Sub Sum Swish Tanh ThresholdedRelu Where Xor
"""
PLACE_BY_PLACE = frozenset(_PLACE_BY_PLACE.split())
"""What reads its inputs place by place, constants being spread over all places."""

BY_CHANNEL = frozenset({"BatchNormalization", "LRN"})
"""What reads place by place, and has constants for each channel (axis 1)."""

_ALONG_AXES = """
ArgMax ArgMin Concat Gather Hardmax LogSoftmax LpNormalization ReduceL1 ReduceL2 ReduceLogSumExp
ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Slice Softmax Split
"""
ALONG_AXES = frozenset(_ALONG_AXES.split())
"""What reads place by place if the axes it works along are those of images and channels."""

FLATTENING = frozenset({"Softmax", "LogSoftmax", "Hardmax"})
FLATTENING_UNTIL = 13
"""Before this opset these took all axes from their own to the last as one."""

DEFAULT_AXES = {"Concat": 1, "Split": 0, "Gather": 0, "ArgMax": 0, "ArgMin": 0}
"""Where ONNX has another default than the last axis."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network sees.

    Place o of its answer depends only on pixels within `halo` of floor(o / scale), where the window
    begins and ends at multiples of `grid` and the place is that far from its edge. `scale` is how
    many places of the answer a pixel has, along each axis.
    """

    halo: int
    grid: int
    scale: Fraction


def reach(model: onnx.ModelProto) -> Reach | None:
    """Return how far the first output of `model` sees; None if that has no bound, or none known.

    There is none where something is taken over the whole image (global pooling, dense layers,
    normalisation over rows and columns), where images are cropped, or where an operator is unknown.
    """
    found = _fields(model).get(model.graph.output[0].name)
    if found is None or found.axes != (2, 3) or found.rows.jump != found.columns.jump:
        return None
    return Reach(
        halo=max(found.rows.halo, found.columns.halo),
        grid=lcm(found.rows.grid, found.columns.grid),
        scale=1 / found.rows.jump,
    )


def _fields(model: onnx.ModelProto) -> dict[str, Field | None]:
    """Return what each tensor that depends on the image sees; None has no bound."""
    graph = model.graph
    among = passed_on(graph)
    taken = [one for one in graph.input if one.name not in among]
    fields: dict[str, Field | None] = {
        one.name: Field() if len(one.type.tensor_type.shape.dim) == RANK else None for one in taken
    }
    for node in graph.node:
        given = {name: fields[name] for name in node.input if name in fields}
        if not given:
            continue
        try:
            seen = _seen(_Step(node, _bounded(given), among, opset(model)))
        except UnboundedError:
            seen = None
        fields.update(dict.fromkeys(node.output, seen))
    return fields


def _bounded(given: dict[str, Field | None]) -> dict[str, Field]:
    bounded = {name: field for name, field in given.items() if field is not None}
    if len(bounded) < len(given):
        raise UnboundedError("an input")
    return bounded


@dataclass(frozen=True, slots=True)
class _Step:
    """A node, what those of its inputs see that depend on the image, and the constants."""

    node: onnx.NodeProto
    given: dict[str, Field]
    among: Constants
    opset: int

    @property
    def constant(self) -> list[str]:
        """The inputs that do not depend on the image."""
        return [name for name in self.node.input if name and name not in self.given]

    @property
    def only_the_first(self) -> bool:
        """Whether of all inputs only the first depends on the image."""
        return list(self.given) == [self.node.input[0]]


def _seen(step: _Step) -> Field:
    """Return what the node gives sees."""
    field = reduce(Field.beside, step.given.values())
    kind = step.node.op_type
    if kind == "Transpose":
        return _transposed(step.node, field)
    if kind in PLACE_BY_PLACE:
        _hold_everywhere(step, field)
        return field
    if kind in ALONG_AXES:
        _keep_off(step, field)
        return field
    return _read_from_neighbours(step, field)


def _read_from_neighbours(step: _Step, field: Field) -> Field:
    node = step.node
    if field.axes != (2, 3):
        raise UnboundedError(f"{node.op_type} on other axes")
    if not (step.only_the_first or node.op_type == "MaxUnpool"):
        raise UnboundedError(f"{node.op_type} by what it is given")
    if node.op_type in BY_CHANNEL and not attributes(node).get("training_mode"):
        return field
    if node.op_type not in TAPS:
        raise UnboundedError(node.op_type)
    return field.through(*TAPS[node.op_type](node, step.among))


def _transposed(node: onnx.NodeProto, field: Field) -> Field:
    order = list(attributes(node).get("perm", range(RANK)[::-1]))
    rows, columns = (order.index(axis) for axis in field.axes)
    return replace(field, axes=(rows, columns))


def _hold_everywhere(step: _Step, field: Field) -> None:
    """Make sure that what is constant is the same at all places of the image."""
    for name in step.constant:
        if name not in step.among:
            raise UnboundedError(f"{step.node.op_type} by what is computed")
        dims = list(step.among[name].dims)
        sides = [1] * (RANK - len(dims)) + dims
        if len(sides) > RANK or any(sides[axis] != 1 for axis in field.axes):
            raise UnboundedError(f"{step.node.op_type} by a picture")


def _keep_off(step: _Step, field: Field) -> None:
    """Make sure that the node works along the axes of images and channels only."""
    node = step.node
    if node.op_type == "Concat" and step.constant:
        raise UnboundedError("Concat with a picture")
    if node.op_type in FLATTENING and step.opset < FLATTENING_UNTIL:
        raise UnboundedError(f"{node.op_type} over all axes")
    if _drops_an_axis(step):
        raise UnboundedError(f"{node.op_type} that drops an axis")
    if {axis % RANK for axis in _axes(step)} & set(field.axes):
        raise UnboundedError(f"{node.op_type} over the image")


def _drops_an_axis(step: _Step) -> bool:
    if step.node.op_type == "Gather":
        indices = step.among.get(step.node.input[1])
        return not step.only_the_first or indices is None or len(indices.dims) != 1
    return not attributes(step.node).get("keepdims", 1)


def _axes(step: _Step) -> Sequence[int]:
    """Return the axes that the node works along; all, where they are not known."""
    node, said = step.node, attributes(step.node)
    if node.op_type != "Slice" and not node.op_type.startswith("Reduce"):
        return [said.get("axis", DEFAULT_AXES.get(node.op_type, -1))]
    if "axes" in said:
        return list(said["axes"])
    place = 3 if node.op_type == "Slice" else 1
    stated = values(node.input[place], step.among) if len(node.input) > place else None
    return range(RANK) if stated is None else [int(axis) for axis in stated]
