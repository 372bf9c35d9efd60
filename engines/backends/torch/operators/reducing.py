"""What is taken along axes: sums, means, the largest, normalisation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from engines.backends.torch.operators.said import LackingError, Operator, Said

FLATTENING_UNTIL = 13
"""Before this opset a softmax took all axes from its own to the last as one."""

Reduction = Callable[[Tensor, tuple[int, ...], bool], Tensor]


def _reduced(reduction: Reduction) -> Operator:
    def along(said: Said, values: Tensor, axes: Tensor | None = None) -> Tensor:
        chosen = said.stated("axes", axes)
        if not chosen and said.get("noop_with_empty_axes"):
            return values
        return reduction(
            values, tuple(chosen or range(values.dim())), bool(said.get("keepdims", 1))
        )

    return along


def _mean(values: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:  # noqa: FBT001
    return values.mean(axes, keepdim=keep)


def _sum(values: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:  # noqa: FBT001
    return values.sum(axes, keepdim=keep)


def _largest(values: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:  # noqa: FBT001
    return values.amax(axes, keepdim=keep)


def _least(values: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:  # noqa: FBT001
    return values.amin(axes, keepdim=keep)


def _length(values: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:  # noqa: FBT001
    return values.square().sum(axes, keepdim=keep).sqrt()


def arg_max(said: Said, values: Tensor) -> Tensor:
    """Return ArgMax: the first of the largest."""
    if said.get("select_last_index"):
        raise LackingError("ArgMax of the last")
    return values.argmax(said.get("axis", 0), keepdim=bool(said.get("keepdims", 1)))


def softmax(said: Said, values: Tensor) -> Tensor:
    """Return Softmax."""
    if said.opset >= FLATTENING_UNTIL:
        return values.softmax(said.get("axis", -1))
    return values.flatten(said.get("axis", 1)).softmax(-1).view(values.shape)


def log_softmax(said: Said, values: Tensor) -> Tensor:
    """Return LogSoftmax."""
    if said.opset >= FLATTENING_UNTIL:
        return values.log_softmax(said.get("axis", -1))
    return values.flatten(said.get("axis", 1)).log_softmax(-1).view(values.shape)


def batch_normalization(
    said: Said, values: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    """Return BatchNormalization by what was learnt."""
    if said.get("training_mode"):
        raise LackingError("BatchNormalization while training")
    return functional.batch_norm(
        values, mean, variance, scale, shift, training=False, eps=said.get("epsilon", 1e-5)
    )


def instance_normalization(said: Said, values: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Return InstanceNormalization."""
    return functional.instance_norm(values, weight=scale, bias=shift, eps=said.get("epsilon", 1e-5))


def layer_normalization(
    said: Said, values: Tensor, scale: Tensor, shift: Tensor | None = None
) -> Tensor:
    """Return LayerNormalization."""
    if said.outputs > 1:
        raise LackingError("LayerNormalization that tells its means")
    shape = values.shape[said.get("axis", -1) :]
    shift = None if shift is None else torch.broadcast_to(shift, shape)
    weight = torch.broadcast_to(scale, shape)
    return functional.layer_norm(values, shape, weight, shift, said.get("epsilon", 1e-5))


REDUCING: Mapping[str, Operator] = MappingProxyType(
    {
        "ReduceMean": _reduced(_mean),
        "ReduceSum": _reduced(_sum),
        "ReduceMax": _reduced(_largest),
        "ReduceMin": _reduced(_least),
        "ReduceL2": _reduced(_length),
        "ArgMax": arg_max,
        "Softmax": softmax,
        "LogSoftmax": log_softmax,
        "BatchNormalization": batch_normalization,
        "InstanceNormalization": instance_normalization,
        "LayerNormalization": layer_normalization,
    }
)
