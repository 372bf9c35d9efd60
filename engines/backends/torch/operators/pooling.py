"""Pooling and unpooling."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch.operators.padding import Sides, lowest, padded, sides
from engines.backends.torch.operators.said import LackingError, Operator, Said


def max_pool(said: Said, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
    """Return MaxPool, and where the largest were within the whole batch if that is wanted."""
    moved, ceil = sides(said, said.get("kernel_shape"), image), bool(said.get("ceil_mode"))
    if said.outputs > 1:
        return _with_indices(said, image, moved, ceil=ceil)
    before = moved.pads[:2]
    if not moved.within_half:
        image, before = padded(image, moved.pads, lowest(image)), (0, 0)
    return functional.max_pool2d(
        image, moved.kernel, moved.strides, before, moved.dilations, ceil_mode=ceil
    )


def _with_indices(said: Said, image: Tensor, moved: Sides, *, ceil: bool) -> tuple[Tensor, Tensor]:
    if not moved.within_half or said.get("storage_order"):
        raise LackingError("MaxPool with indices, by columns or with uneven pads")
    largest, where = functional.max_pool2d(
        image,
        moved.kernel,
        moved.strides,
        moved.pads[:2],
        moved.dilations,
        ceil_mode=ceil,
        return_indices=True,
    )
    images, channels, rows, columns = image.shape
    plane = torch.arange(images * channels, device=image.device) * (rows * columns)
    return largest, where + plane.view(images, channels, 1, 1)


def max_unpool(said: Said, image: Tensor, where: Tensor, shape: Tensor | None = None) -> Tensor:
    """Return MaxUnpool: each value back where it was, zeros elsewhere."""
    moved = sides(said, said.get("kernel_shape"), image)
    stated = said.stated("output_shape", shape)
    rows, columns = stated[2:] if stated else _unpooled(image, moved)
    plane = torch.remainder(where, rows * columns).flatten(2)
    empty = image.new_zeros(*image.shape[:2], rows * columns)
    return empty.scatter(2, plane, image.flatten(2)).view(*image.shape[:2], rows, columns)


def _unpooled(image: Tensor, moved: Sides) -> tuple[int, int]:
    rows, columns = (
        (side - 1) * stride + kernel - before - after
        for side, stride, kernel, before, after in zip(
            image.shape[2:],
            moved.strides,
            moved.kernel,
            moved.pads[:2],
            moved.pads[2:],
            strict=True,
        )
    )
    return rows, columns


def average_pool(said: Said, image: Tensor) -> Tensor:
    """Return AveragePool."""
    moved = sides(said, said.get("kernel_shape"), image)
    if moved.dilations != (1, 1):
        raise LackingError("AveragePool with dilations")
    counted, ceil = bool(said.get("count_include_pad")), bool(said.get("ceil_mode"))
    if moved.within_half:
        return functional.avg_pool2d(
            image, moved.kernel, moved.strides, moved.pads[:2], ceil, counted
        )
    if ceil:
        raise LackingError("AveragePool with uneven pads and ceil_mode")
    sums = functional.avg_pool2d(padded(image, moved.pads), moved.kernel, moved.strides)
    if counted:
        return sums
    ones = padded(image.new_ones(1, 1, *image.shape[2:]), moved.pads)
    return sums / functional.avg_pool2d(ones, moved.kernel, moved.strides)


def global_average_pool(_said: Said, image: Tensor) -> Tensor:
    """Return GlobalAveragePool."""
    return image.mean(dim=tuple(range(2, image.dim())), keepdim=True)


def global_max_pool(_said: Said, image: Tensor) -> Tensor:
    """Return GlobalMaxPool."""
    return image.amax(dim=tuple(range(2, image.dim())), keepdim=True)


POOLING: Mapping[str, Operator] = MappingProxyType(
    {
        "MaxPool": max_pool,
        "MaxUnpool": max_unpool,
        "AveragePool": average_pool,
        "GlobalAveragePool": global_average_pool,
        "GlobalMaxPool": global_max_pool,
    }
)
