"""What a foreign graph takes and what it gives; all that its answer does not need is left out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto

from engines.compile.graph import copied
from engines.importing.foreign import ForeignError, UnsaidError
from engines.importing.wish import Layout, Wish

ALONE = 1
RGB = 3
NUMBERS = {
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.BFLOAT16,
    TensorProto.DOUBLE,
    TensorProto.UINT8,
}
LABELS = {TensorProto.INT64, TensorProto.INT32, TensorProto.STRING}
"""What classifiers give beside their probabilities."""
LAYOUTS: dict[int, tuple[Layout, ...]] = {4: ("nchw", "nhwc"), 3: ("nhw",), 2: ("flat",)}
"""By the number of axes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The one input of a graph; `side` is None where it is free."""

    name: str
    kind: int
    layout: Layout
    channels: int
    side: int | None


def narrowed(model: onnx.ModelProto, wish: Wish) -> onnx.ModelProto:
    """Return `model` with the wished output only, and only what that needs.

    Of a classifier's label and probabilities the latter are taken, as they are before they are
    packed into dictionaries.

    Raises:
        ForeignError: which output is meant is not clear.
    """
    small = copied(model)
    graph = small.graph
    output = _chosen(list(graph.output), wish)
    maker = {name: node for node in graph.node for name in node.output}
    if output.name in maker and maker[output.name].op_type == "ZipMap":
        output = onnx.helper.make_empty_tensor_value_info(maker[output.name].input[0])
        output.type.tensor_type.elem_type = TensorProto.FLOAT
    _keep_what_is_needed(graph, output)
    return small


def taken(model: onnx.ModelProto, wish: Wish) -> Taken:
    """Return what `model`, narrowed to its answer, takes.

    Raises:
        ForeignError: it is not one batch of grey or coloured square images, or not clearly so.
    """
    inputs = model.graph.input
    if not model.graph.node:
        raise ForeignError("its answer is no operator's")
    if len(inputs) != ALONE:
        named = ", ".join(one.name for one in inputs) or "none"
        raise ForeignError(f"{len(inputs)} inputs ({named}): only networks of one image are run")
    given = inputs[0].type.tensor_type
    if given.elem_type not in NUMBERS:
        raise ForeignError(f"takes {_named(given.elem_type)}: want float, double, half or uint8")
    sides = [dim.dim_value or None for dim in given.shape.dim]
    layout = _layout(sides, wish)
    channels, rows, columns = _parts(sides, layout)
    if channels not in {ALONE, RGB}:
        raise ForeignError(f"takes {channels or 'any number of'} channels: want 1 (grey) or 3")
    if sides[0] not in {None, ALONE}:
        raise ForeignError(f"takes {sides[0]} images at once: export it for 1, or any number")
    if rows != columns:
        raise ForeignError(f"takes {rows} x {columns} pixels: export it for squares, or free sides")
    return Taken(inputs[0].name, given.elem_type, layout, channels, rows)


def _keep_what_is_needed(graph: onnx.GraphProto, output: onnx.ValueInfoProto) -> None:
    """Leave of `graph` what `output` is made from; operators are in the order they run in."""
    needed, nodes = {output.name}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed.update(node.input)
    constants = [one for one in graph.initializer if one.name in needed]
    sparse = [one for one in graph.sparse_initializer if one.values.name in needed]
    given = {one.name for one in constants} | {one.values.name for one in sparse}
    inputs = [one for one in graph.input if one.name in needed - given]
    kept = {
        "node": nodes[::-1],
        "initializer": constants,
        "sparse_initializer": sparse,
        "input": inputs,
        "output": [output],
        "value_info": [],
    }
    for field, ones in kept.items():
        graph.ClearField(field)
        getattr(graph, field).extend(ones)


def _chosen(outputs: list[onnx.ValueInfoProto], wish: Wish) -> onnx.ValueInfoProto:
    there = ", ".join(one.name for one in outputs) or "none"
    if wish.output:
        found = [one for one in outputs if one.name == wish.output]
        if not found:
            raise ForeignError(f"no output {wish.output!r}; there is {there}")
        return found[0]
    if len(outputs) > ALONE:
        outputs = [one for one in outputs if one.type.tensor_type.elem_type not in LABELS]
    if len(outputs) != ALONE:
        raise UnsaidError(f"several outputs: say which with --output; there is {there}", "output")
    return outputs[0]


def _layout(sides: Sequence[int | None], wish: Wish) -> Layout:
    possible = LAYOUTS.get(len(sides), ())
    if not possible:
        raise ForeignError(f"takes {len(sides)} axes: want images as 4, 3 or (flat) 2")
    if wish.layout is not None:
        if wish.layout not in possible:
            raise ForeignError(f"takes {len(sides)} axes, which cannot be {wish.layout}")
        return wish.layout
    if len(possible) == ALONE:
        return possible[0]
    first, last = (sides[axis] in {ALONE, RGB} for axis in (1, 3))
    if first == last:
        raise UnsaidError(f"takes {_shown(sides)}: say --layout nchw or nhwc", "layout")
    return "nchw" if first else "nhwc"


def _parts(
    sides: Sequence[int | None], layout: Layout
) -> tuple[int | None, int | None, int | None]:
    """Return channels, rows and columns."""
    match layout:
        case "nchw":
            return sides[1], sides[2], sides[3]
        case "nhwc":
            return sides[3], sides[1], sides[2]
        case "nhw":
            return 1, sides[1], sides[2]
        case "flat":
            side = _root(sides[1])
            return 1, side, side


def _root(pixels: int | None) -> int:
    side = math.isqrt(pixels or 0)
    if side * side != pixels or not pixels:
        raise ForeignError(f"takes {pixels or 'any number of'} values an image: want a square's")
    return side


def _named(kind: int) -> str:
    name: str = TensorProto.DataType.Name(kind).lower()
    return name if kind else "no tensor"


def _shown(sides: Sequence[int | None]) -> str:
    return " x ".join("?" if side is None else str(side) for side in sides)
