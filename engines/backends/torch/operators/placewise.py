"""What is taken place by place."""

from collections.abc import Callable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

import torch
from onnx import TensorProto
from torch import Tensor
from torch.nn import functional

from engines.backends.torch.operators.said import LackingError, Operator, Said

WHOLE = {
    TensorProto.BOOL: torch.bool,
    TensorProto.INT8: torch.int8,
    TensorProto.UINT8: torch.uint8,
    TensorProto.INT16: torch.int16,
    TensorProto.INT32: torch.int32,
    TensorProto.INT64: torch.int64,
}
BROKEN = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}


def _as_is(function: Callable[..., Tensor]) -> Operator:
    """Return the operator that is this function of its inputs."""
    return lambda _said, *inputs: function(*inputs)


def _with(function: Callable[..., Tensor], **defaults: Any) -> Operator:  # noqa: ANN401
    """Return the operator that is this function of its inputs and these attributes, in order."""
    return lambda said, value: function(value, *(said.get(*one) for one in defaults.items()))


def _all_of(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    return lambda _said, *inputs: reduce(function, inputs)


def cast(said: Said, values: Tensor) -> Tensor:
    """Return Cast; what has a fraction is kept in one precision throughout."""
    wanted = said.get("to")
    if wanted in BROKEN:
        return values.to(said.dtype)
    if wanted not in WHOLE:
        raise LackingError(f"Cast to {TensorProto.DataType.Name(wanted)}")
    return values.to(WHOLE[wanted])


def clip(
    said: Said, values: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    """Return Clip; bounds were attributes before opset 11."""
    bounds = [
        torch.tensor(said.get(name)) if tensor is None and name in said.attributes else tensor
        for name, tensor in (("min", low), ("max", high))
    ]
    low, high = (None if one is None else one.to(values) for one in bounds)
    return values if low is None and high is None else values.clamp(low, high)


def divide(_said: Said, one: Tensor, other: Tensor) -> Tensor:
    """Return Div; whole numbers are divided towards zero."""
    return one / other if one.is_floating_point() else one.div(other, rounding_mode="trunc")


def dropout(said: Said, values: Tensor, *_ratio: Tensor | None) -> Tensor | tuple[Tensor, Tensor]:
    """Return Dropout: nothing is dropped."""
    return values if said.outputs == 1 else (values, torch.ones_like(values, dtype=torch.bool))


def prelu(_said: Said, values: Tensor, slope: Tensor) -> Tensor:
    """Return PRelu: by channel in one go, or by whatever the slopes are spread over."""
    channels = values.shape[1]
    if slope.dim() == values.dim() - 1 and slope.numel() == channels == slope.shape[0]:
        return functional.prelu(values, slope.flatten())
    return torch.where(values < 0, values * slope, values)


def gelu(said: Said, values: Tensor) -> Tensor:
    """Return Gelu."""
    return functional.gelu(values, approximate=said.get("approximate", "none"))


def _hard_sigmoid(values: Tensor, alpha: float, beta: float) -> Tensor:
    return (alpha * values + beta).clamp(0, 1)


def _leaky(values: Tensor, alpha: float) -> Tensor:
    return functional.leaky_relu(values, alpha)


def _elu(values: Tensor, alpha: float) -> Tensor:
    return functional.elu(values, alpha)


PLACEWISE: Mapping[str, Operator] = MappingProxyType(
    {
        "Abs": _as_is(torch.abs),
        "Add": _as_is(torch.add),
        "And": _as_is(torch.logical_and),
        "Cast": cast,
        "Ceil": _as_is(torch.ceil),
        "Clip": clip,
        "Div": divide,
        "Dropout": dropout,
        "Elu": _with(_elu, alpha=1.0),
        "Equal": _as_is(torch.eq),
        "Erf": _as_is(torch.erf),
        "Exp": _as_is(torch.exp),
        "Floor": _as_is(torch.floor),
        "Gelu": gelu,
        "Greater": _as_is(torch.gt),
        "GreaterOrEqual": _as_is(torch.ge),
        "HardSigmoid": _with(_hard_sigmoid, alpha=0.2, beta=0.5),
        "HardSwish": _as_is(functional.hardswish),
        "Identity": _as_is(lambda value: value),
        "LeakyRelu": _with(_leaky, alpha=0.01),
        "Less": _as_is(torch.lt),
        "LessOrEqual": _as_is(torch.le),
        "Log": _as_is(torch.log),
        "Max": _all_of(torch.maximum),
        "Min": _all_of(torch.minimum),
        "Mul": _as_is(torch.mul),
        "Neg": _as_is(torch.neg),
        "Not": _as_is(torch.logical_not),
        "Or": _as_is(torch.logical_or),
        "PRelu": prelu,
        "Pow": _as_is(torch.pow),
        "Reciprocal": _as_is(torch.reciprocal),
        "Relu": _as_is(torch.relu),
        "Selu": _as_is(functional.selu),
        "Sigmoid": _as_is(torch.sigmoid),
        "Softplus": _as_is(functional.softplus),
        "Sqrt": _as_is(torch.sqrt),
        "Sub": _as_is(torch.sub),
        "Sum": _all_of(torch.add),
        "Tanh": _as_is(torch.tanh),
        "Where": _as_is(torch.where),
    }
)
