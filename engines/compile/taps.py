"""What the operators that reach to neighbours read, by the words of the ONNX standard."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import lcm
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx

from engines.compile.field import Taps, UnboundedError
from engines.compile.nodes import attributes, values

Constants = Mapping[str, onnx.TensorProto]
BothWays = tuple[Taps, Taps]
"""Along the rows' axis, and along the columns'."""

Reader = Callable[[onnx.NodeProto, Constants], BothWays]

RANK, SIDES = 4, 2


def convolution(node: onnx.NodeProto, among: Constants) -> BothWays:
    """Return what a convolution or a pooling reads."""
    said = attributes(node)
    strides, dilations = _ints(said, "strides"), _ints(said, "dilations")
    extents = [d * (k - 1) for k, d in zip(_kernel(node, said, among), dilations, strict=True)]
    begins = _begins(said, [max(0, e + 1 - s) for e, s in zip(extents, strides, strict=True)])
    return _both(
        Taps(Fraction(stride), Fraction(-begin), Fraction(extent - begin))
        for stride, begin, extent in zip(strides, begins, extents, strict=True)
    )


def deconvolution(node: onnx.NodeProto, among: Constants) -> BothWays:
    """Return what a transposed convolution reads: output o takes input i by tap o + begin - s i."""
    said = attributes(node)
    if "output_shape" in said:
        raise UnboundedError(f"{node.op_type} to a fixed size")
    strides, dilations = _ints(said, "strides"), _ints(said, "dilations")
    extents = [d * (k - 1) for k, d in zip(_kernel(node, said, among), dilations, strict=True)]
    more = _ints(said, "output_padding", 0)
    spare = [max(0, e + 1 - s + m) for e, s, m in zip(extents, strides, more, strict=True)]
    begins = _begins(said, spare)
    return _both(
        Taps(Fraction(1, stride), Fraction(begin - extent, stride), Fraction(begin, stride))
        for stride, begin, extent in zip(strides, begins, extents, strict=True)
    )


def depth_to_space(node: onnx.NodeProto, _among: Constants) -> BothWays:
    """Return what depth-to-space reads: of a block, the place that all of it came from."""
    block = attributes(node)["blocksize"]
    taps = Taps(Fraction(1, block), Fraction(1 - block, block))
    return taps, taps


def space_to_depth(node: onnx.NodeProto, _among: Constants) -> BothWays:
    """Return what space-to-depth reads: a whole block."""
    block = attributes(node)["blocksize"]
    taps = Taps(Fraction(block), last=Fraction(block - 1))
    return taps, taps


def resize(node: onnx.NodeProto, among: Constants) -> BothWays:
    """Return what a resize by constant factors reads."""
    said = attributes(node)
    scales = values(node.input[2], among) if len(node.input) > SIDES else None
    if scales is None or scales.shape != (RANK,) or (scales[:2] != 1).any():
        raise UnboundedError("Resize, but not by constant factors of rows and columns")
    if said.get("antialias") or said.get("axes"):
        raise UnboundedError("Resize with antialias or axes")
    factors = (Fraction(float(scale)).limit_denominator(64) for scale in scales[2:])
    return _both(_resized(factor, said) for factor in factors)


def pad(node: onnx.NodeProto, among: Constants) -> BothWays:
    """Return what padding reads: what lies that far before."""
    said = attributes(node)
    pads = np.array(said["pads"]) if "pads" in said else values(node.input[1], among)
    if pads is None or pads.shape != (2 * RANK,) or len(node.input) > RANK - 1:
        raise UnboundedError("Pad, but not by constants on all axes")
    if (pads < 0).any():
        raise UnboundedError("Pad that crops")
    return _both(Taps(first=Fraction(-int(p)), last=Fraction(-int(p))) for p in pads[2:RANK])


TAPS: Mapping[str, Reader] = MappingProxyType(
    {
        "Conv": convolution,
        "MaxPool": convolution,
        "AveragePool": convolution,
        "LpPool": convolution,
        "ConvTranspose": deconvolution,
        "MaxUnpool": deconvolution,
        "DepthToSpace": depth_to_space,
        "SpaceToDepth": space_to_depth,
        "Resize": resize,
        "Pad": pad,
    }
)


def _resized(factor: Fraction, said: Mapping[str, Any]) -> Taps:
    """Return what output o reads around its place o / factor + shift."""
    where = said.get("coordinate_transformation_mode", "half_pixel")
    shifts = {
        "asymmetric": Fraction(0),
        "half_pixel": (1 / factor - 1) / 2,
        "pytorch_half_pixel": (1 / factor - 1) / 2,
    }
    if where not in shifts:
        raise UnboundedError(f"Resize by {where}")
    shift = shifts[where]
    below, above = _kept(factor, shift, said)
    return Taps(1 / factor, shift - below, shift + above)


def _kept(factor: Fraction, shift: Fraction, said: Mapping[str, Any]) -> tuple[Fraction, Fraction]:
    """Return how far below and above its place an output reads."""
    down = 1 - Fraction(1, lcm((1 / factor).denominator, shift.denominator))
    mode, nearest = said.get("mode", "nearest"), said.get("nearest_mode", "round_prefer_floor")
    if mode == "nearest" and nearest == "floor":
        return down, Fraction(0)
    if mode == "nearest" and nearest == "ceil":
        return Fraction(0), down
    if mode == "nearest":
        return Fraction(1, 2), Fraction(1, 2)
    more = 1 if mode == "cubic" else 0
    return down + more, down + more


def _kernel(node: onnx.NodeProto, said: Mapping[str, Any], among: Constants) -> Sequence[int]:
    if "kernel_shape" in said:
        kernel = list(said["kernel_shape"])
    elif len(node.input) > 1 and node.input[1] in among:
        kernel = list(among[node.input[1]].dims[2:])
    else:
        raise UnboundedError(f"{node.op_type} with a kernel of unknown size")
    if len(kernel) != SIDES:
        raise UnboundedError(f"{node.op_type} over {len(kernel)} axes")
    return kernel


def _begins(said: Mapping[str, Any], spare: Sequence[int]) -> Sequence[int]:
    """Return the padding before each axis; SAME shares out what is `spare`."""
    match said.get("auto_pad", "NOTSET"):
        case "SAME_UPPER":
            return [all_of_it // 2 for all_of_it in spare]
        case "SAME_LOWER":
            return [all_of_it - all_of_it // 2 for all_of_it in spare]
        case "VALID":
            return [0, 0]
        case _:
            return _ints(said, "pads", 0)[:SIDES]


def _ints(said: Mapping[str, Any], name: str, default: int = 1) -> Sequence[int]:
    return list(said.get(name, [default] * SIDES))


def _both(taps: Any) -> BothWays:  # noqa: ANN401 - any iterable of two
    down, across = taps
    return down, across
