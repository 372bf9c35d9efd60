"""Convolutions and dense layers."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch.operators.padding import Sides, padded, sides
from engines.backends.torch.operators.said import LackingError, Operator, Said


def conv(said: Said, image: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return Conv over rows and columns."""
    moved, groups = sides(said, weight.shape[2:], image), said.get("group", 1)
    if moved.even:
        before = moved.pads[:2]
    else:
        image, before = padded(image, moved.pads), (0, 0)
    return functional.conv2d(image, weight, bias, moved.strides, before, moved.dilations, groups)


def conv_transpose(said: Said, image: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ConvTranspose: all of the answer is made, then its padding is cut away."""
    if "output_shape" in said.attributes or said.get("auto_pad", "NOTSET").startswith("SAME"):
        raise LackingError("ConvTranspose to a stated size")
    moved, groups = sides(said, weight.shape[2:], image), said.get("group", 1)
    more = tuple(said.get("output_padding", [0, 0]))
    if moved.even:
        return functional.conv_transpose2d(
            image, weight, bias, moved.strides, moved.pads[:2], more, groups, moved.dilations
        )
    return _cut(image, weight, bias, moved, (more, groups))


def _cut(
    image: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    moved: Sides,
    rest: tuple[tuple[int, ...], int],
) -> Tensor:
    (rows, columns), groups = rest
    whole = functional.conv_transpose2d(
        image, weight, bias, moved.strides, 0, 0, groups, moved.dilations
    )
    top, left, bottom, right = (-side for side in moved.pads)
    whole = padded(whole, (0, 0, rows, columns))
    if bias is not None and (rows or columns):
        raise LackingError("ConvTranspose with output_padding and uneven pads")
    return padded(whole, (top, left, bottom, right))


def gemm(said: Said, one: Tensor, other: Tensor, added: Tensor | None = None) -> Tensor:
    """Return Gemm: a dense layer."""
    one = one.T if said.get("transA") else one
    other = other.T if said.get("transB") else other
    product = said.get("alpha", 1.0) * (one @ other)
    return product if added is None else product + said.get("beta", 1.0) * added


def matmul(_said: Said, one: Tensor, other: Tensor) -> Tensor:
    """Return MatMul."""
    return torch.matmul(one, other)


CONVOLVING: Mapping[str, Operator] = MappingProxyType(
    {"Conv": conv, "ConvTranspose": conv_transpose, "Gemm": gemm, "MatMul": matmul}
)
